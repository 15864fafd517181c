import { Alert, Button, Group, List, Modal, Select, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { BulkDeletionJson, ProjectJson } from "expunge/client";
import { useState } from "react";
import { api } from "../api/client.ts";
import { ChangeForm } from "../parts/ChangeForm.tsx";
import { bytes, counted } from "../parts/format.ts";
import { Loading, Trouble } from "../parts/states.tsx";
import { GRACES } from "./DeleteProject.tsx";

/** Of how many projects a call takes the ids. */
const AT_ONCE = 1000;
const WORD = "delete";

/** The deletion of many projects: their plans, a word typed, and each goes its own way. */
export function DeleteMany({
  projects,
  onClose,
}: {
  readonly projects: readonly ProjectJson[];
  readonly onClose: () => void;
}) {
  const [ids] = useState(() => projects.slice(0, AT_ONCE).map(({ id }) => id));
  const [typed, setTyped] = useState("");
  const [grace, setGrace] = useState("");
  const queryClient = useQueryClient();
  const plan = useQuery({
    queryKey: ["plan-many", ids],
    queryFn: ({ signal }) => api.projects.planMany({ ids: [...ids] }, { signal }),
    gcTime: 0,
  });
  const request = useMutation({
    mutationFn: () => api.projects.deleteMany({ ids: [...ids] }, grace === "" ? {} : { grace }),
    onSuccess: () => queryClient.invalidateQueries(),
  });
  const objects = plan.data?.plans.reduce((sum, each) => sum + each.objects, 0) ?? 0;
  const size = plan.data?.plans.reduce((sum, each) => sum + each.bytes, 0) ?? 0;
  return (
    <Modal opened onClose={onClose} title={`Delete ${counted(ids.length, "project")}`}>
      {request.data ? (
        <Requested answer={request.data} onClose={onClose} />
      ) : (
        <ChangeForm
          change={request}
          trouble="Nothing was deleted."
          submit="Delete them"
          cancel="Keep them"
          color="red"
          isReady={typed.trim() === WORD && plan.data !== undefined}
          onCancel={onClose}
        >
          {plan.isPending && <Loading what="the plans" rows={2} />}
          {plan.error && (
            <Trouble
              error={plan.error}
              what="The plan could not be made."
              retry={() => void plan.refetch()}
            />
          )}
          {plan.data && (
            <Text>
              This would remove <b>{counted(objects, "object")}</b>, <b>{bytes(size)}</b> in all, of{" "}
              {counted(plan.data.plans.length, "project")}.
            </Text>
          )}
          {plan.data && <Refused refused={plan.data.refused} />}
          <Select
            label="Time in which it can be undone"
            data={GRACES}
            value={grace}
            allowDeselect={false}
            onChange={(value) => setGrace(value ?? "")}
          />
          <TextInput
            label={`Type "${WORD}" to confirm`}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            autoComplete="off"
          />
        </ChangeForm>
      )}
    </Modal>
  );
}

function Refused({ refused }: { readonly refused: BulkDeletionJson["refused"] }) {
  if (refused.length === 0) return null;
  return (
    <Alert color="yellow" title={`${counted(refused.length, "project")} will stay`}>
      <List size="sm">
        {refused.slice(0, 20).map(({ id, code }) => (
          <List.Item key={id}>
            {id}: {REASONS[code] ?? code}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}

const REASONS: Readonly<Record<string, string>> = {
  "project-held": "on hold; release the hold first",
  "project-not-found": "not found; it may be gone already",
  "project-deleted": "deleted already",
  "too-many-objects": "holds more than was allowed",
};

function Requested({
  answer,
  onClose,
}: {
  readonly answer: BulkDeletionJson;
  readonly onClose: () => void;
}) {
  return (
    <Stack>
      <Text role="status">
        The deletion of {counted(answer.deletions.length, "project")} was requested. Each goes its
        own way and gets its own receipt. <Link to="/deletions">Look at the deletions</Link>.
      </Text>
      <Refused refused={answer.refused} />
      <Group justify="flex-end">
        <Button onClick={onClose}>Close</Button>
      </Group>
    </Stack>
  );
}
