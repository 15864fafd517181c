import { List, Modal, Select, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { ProjectJson } from "expunge/client";
import { useState } from "react";
import { api } from "../api/client.ts";
import { ChangeForm } from "../parts/ChangeForm.tsx";
import { Loading, Trouble } from "../parts/states.tsx";
import { PlanView } from "./PlanView.tsx";

export const GRACES = [
  { value: "", label: "As the service is set up" },
  { value: "0s", label: "None: delete at once, for good" },
  { value: "1h", label: "1 hour" },
  { value: "24h", label: "1 day" },
  { value: "72h", label: "3 days" },
  { value: "720h", label: "30 days" },
];

/** Screen 3: the plan first, then the name typed, then the deletion. */
export function DeleteProject({
  project,
  onClose,
}: {
  readonly project: ProjectJson;
  readonly onClose: () => void;
}) {
  const name = project.name === "" ? project.id : project.name;
  const [typed, setTyped] = useState("");
  const [grace, setGrace] = useState("");
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const plan = useQuery({
    queryKey: ["plan", project.id],
    queryFn: ({ signal }) => api.projects.plan(project.id, { signal }),
    gcTime: 0,
    staleTime: 0,
  });
  const request = useMutation({
    mutationFn: () => api.projects.requestDeletion(project.id, grace === "" ? {} : { grace }),
    onSuccess: async ({ deletion }) => {
      await queryClient.invalidateQueries({ queryKey: ["projects"] });
      onClose();
      await navigate({ to: "/deletions/$id", params: { id: deletion.id } });
    },
  });
  return (
    <Modal opened onClose={onClose} title={`Delete ${name}`}>
      <ChangeForm
        change={request}
        trouble="The project was not deleted."
        submit="Delete the project"
        cancel="Keep the project"
        color="red"
        isReady={typed.trim() === name && plan.data !== undefined}
        onCancel={onClose}
      >
        {plan.isPending && <Loading what="the plan" rows={4} />}
        {plan.error && (
          <Trouble
            error={plan.error}
            what="The plan could not be made, so nothing is known of what would go."
            retry={() => void plan.refetch()}
          />
        )}
        {plan.data && <PlanView plan={plan.data} />}
        <Covered />
        <Select
          label="Time in which it can be undone"
          description="Until it is over the project lies in the trash, and nothing is removed."
          data={GRACES}
          value={grace}
          allowDeselect={false}
          onChange={(value) => setGrace(value ?? "")}
        />
        <TextInput
          label={`Type the project's name to confirm: ${name}`}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
        />
      </ChangeForm>
    </Modal>
  );
}

function Covered() {
  return (
    <div>
      <Text fw={600} size="sm">
        What the receipt will say, and what it will not
      </Text>
      <List size="sm" spacing={4}>
        <List.Item>
          It will say how much was removed from each place, and that each was listed empty
          afterwards.
        </List.Item>
        <List.Item>
          It will not cover copies that people downloaded, copies in caches of a CDN or of browsers,
          and backups that the provider or you keep.
        </List.Item>
      </List>
    </div>
  );
}
