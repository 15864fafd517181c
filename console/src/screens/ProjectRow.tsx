import { Button, Checkbox, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { DeletionJson, ProjectJson } from "expunge/client";
import { api } from "../api/client.ts";
import { useRights } from "../api/session.ts";
import { bytes, count, fromNow, moment } from "../parts/format.ts";
import { useNow } from "../parts/now.ts";
import { StateBadge } from "../parts/states.tsx";

/** The cells of one project. */
export function ProjectRow({
  project,
  deletion,
  isChosen,
  onChoose,
}: {
  readonly project: ProjectJson;
  /** Its deletion, while that can be undone. */
  readonly deletion: DeletionJson | undefined;
  readonly isChosen: boolean;
  readonly onChoose: (isChosen: boolean) => void;
}) {
  const { mayDelete } = useRights();
  const { id, state, fileCount, sizeBytes, createdAt, hold } = project;
  const name = project.name === "" ? id : project.name;
  return (
    <>
      <span role="cell">
        <Checkbox
          aria-label={`Select ${name}`}
          checked={isChosen && state === "active"}
          disabled={!mayDelete || state !== "active"}
          onChange={(event) => onChoose(event.currentTarget.checked)}
        />
      </span>
      <span role="cell" className="one-line">
        <Link to="/projects/$id" params={{ id }} title={name}>
          {name}
        </Link>
        {state === "trashed" && deletion && <TimeLeft deletion={deletion} />}
      </span>
      <span role="cell">
        <StateBadge state={hold ? "held" : state} />
      </span>
      <span role="cell" className="wide">
        {count(fileCount)}
      </span>
      <span role="cell" className="wide">
        {bytes(sizeBytes)}
      </span>
      <span role="cell" className="wide one-line">
        {moment(createdAt)}
      </span>
      <span role="cell" className="wide">
        {state === "trashed" && mayDelete && <Restore id={id} name={name} />}
      </span>
    </>
  );
}

function TimeLeft({ deletion }: { readonly deletion: DeletionJson }) {
  const nowMs = useNow();
  return (
    <Text size="xs" c="dimmed">
      will be deleted {fromNow(deletion.purgeAfter, nowMs)}
    </Text>
  );
}

/** Brings a project back out of the trash. */
export function Restore({ id, name }: { readonly id: string; readonly name: string }) {
  const queryClient = useQueryClient();
  const restore = useMutation({
    mutationFn: () => api.projects.restore(id),
    onSettled: () => queryClient.invalidateQueries(),
  });
  return (
    <Button
      size="xs"
      variant="default"
      loading={restore.isPending}
      onClick={() => restore.mutate()}
      aria-label={`Restore ${name}`}
    >
      Restore
    </Button>
  );
}
