import { Alert, Progress, Stack, Table, Text, Title } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import type { DeletionJson } from "expunge/client";
import { type FollowedDeletion, foundOf, handledOf, useDeletion } from "../api/deletions.ts";
import { bytes, count, counted, fromNow, moment, span } from "../parts/format.ts";
import { useNow } from "../parts/now.ts";
import { Head, Loading, StateBadge, Trouble } from "../parts/states.tsx";
import { surfaceName } from "../parts/surfaces.ts";
import { Blocked } from "./Blocked.tsx";
import { Restore } from "./ProjectRow.tsx";
import { ReceiptView } from "./ReceiptView.tsx";
import { Timeline } from "./Timeline.tsx";

/** Screen 4, one deletion: what happens now, or what came of it. */
export function DeletionScreen() {
  const { id } = useParams({ from: "/deletions/$id" });
  const followed = useDeletion(id);
  const { deletion, error } = followed;
  if (deletion === undefined) {
    return error ? (
      <Trouble error={error} what="This deletion could not be read." />
    ) : (
      <Loading what="the deletion" />
    );
  }
  return (
    <>
      <Head title={`Deletion of ${deletion.projectId}`}>
        <Text c="dimmed" size="sm" className="breaks">
          {deletion.id}, requested by {deletion.requestedBy} on {moment(deletion.requestedAt)}
        </Text>
      </Head>
      <Stack>
        {!followed.isLive && (
          <Alert color="yellow" title="The service does not answer just now" role="status">
            What you see is what it said last. The deletion is not lost: it goes on when the service
            is back, and so does this page, by itself.
          </Alert>
        )}
        <div aria-live="polite">
          <Now deletion={deletion} followed={followed} />
        </div>
        <section className="card" aria-labelledby="stages">
          <Title order={2} size="h4" id="stages" mb="sm">
            Stages
          </Title>
          <Timeline deletion={deletion} />
        </section>
        <section className="card" aria-labelledby="places">
          <Title order={2} size="h4" id="places" mb="xs">
            Place by place
          </Title>
          <Places deletion={deletion} />
        </section>
        {deletion.receipt !== null && <ReceiptView deletion={deletion} />}
      </Stack>
    </>
  );
}

function Now({
  deletion,
  followed,
}: {
  readonly deletion: DeletionJson;
  readonly followed: FollowedDeletion;
}) {
  if (deletion.blocked) return <Blocked deletion={deletion} />;
  switch (deletion.state) {
    case "trashed":
      return <InTrash deletion={deletion} />;
    case "restored":
      return (
        <Alert color="green" title="Undone: the project is back">
          Nothing was removed. Its files are where they were.
        </Alert>
      );
    case "completed":
      return (
        <Alert color="green" title="Everything is gone, and that was checked">
          Removed: {counted(handledOf(deletion), "object")}, {bytes(bytesOf(deletion))}. Afterwards
          every place was listed from start to end, and nothing was left. The receipt below says so,
          signed; keep it where you keep such proofs.
        </Alert>
      );
    case "deleting":
    case "verifying":
      return <Running deletion={deletion} followed={followed} />;
  }
}

function bytesOf({ surfaces }: DeletionJson): number {
  return surfaces.reduce((sum, each) => sum + each.bytes, 0);
}

function InTrash({ deletion }: { readonly deletion: DeletionJson }) {
  const nowMs = useNow();
  return (
    <Alert color="yellow" title="In the trash: this can still be undone">
      <Stack gap="xs" align="flex-start">
        <Text size="sm">
          Removing begins {fromNow(deletion.purgeAfter, nowMs)}, on {moment(deletion.purgeAfter)}.
          Until then nothing is removed, and restoring brings everything back.
        </Text>
        <Restore id={deletion.projectId} name={deletion.projectId} />
      </Stack>
    </Alert>
  );
}

function Running({
  deletion,
  followed,
}: {
  readonly deletion: DeletionJson;
  readonly followed: FollowedDeletion;
}) {
  const found = foundOf(deletion);
  const handled = handledOf(deletion);
  const percent = found === 0 ? 0 : Math.min(100, (handled / found) * 100);
  const perSecond = rateOf(followed, useNow());
  const isChecking = deletion.state === "verifying";
  return (
    <section className="card" aria-label="Progress">
      <Stack gap="xs">
        <Text fw={600}>
          {isChecking ? "Checking that nothing is left" : "Removing"}{" "}
          <StateBadge state={deletion.state} />
        </Text>
        <Progress
          value={isChecking ? 100 : percent}
          size="lg"
          animated
          aria-label="Removed of what was found so far"
        />
        <Text size="sm">
          {count(handled)} of {counted(found, "object")} found so far
          {perSecond > 0 && `, ${counted(Math.round(perSecond), "object")} a second`}
          {perSecond > 0 &&
            found > handled &&
            `, about ${span(((found - handled) / perSecond) * 1000)} left`}
        </Text>
        <Text size="sm" c="dimmed">
          You may close or reload this page: the deletion goes on in the service.
        </Text>
      </Stack>
    </section>
  );
}

/** Objects a second from the first of the last sightings until now; 0 where it is not known yet. */
function rateOf({ sightings }: FollowedDeletion, nowMs: number): number {
  const first = sightings[0];
  const last = sightings.at(-1);
  if (!first || !last || nowMs - first.atMs < 500) return 0;
  return ((last.handled - first.handled) * 1000) / (nowMs - first.atMs);
}

const COLUMNS = ["found", "deleted", "absent", "failed", "blocked", "unknown"] as const;
const LABELS = {
  found: "Found",
  deleted: "Removed",
  absent: "Gone before",
  failed: "Failed",
  blocked: "Protected",
  unknown: "Unchecked",
} as const;

/** How much of what was found in one place is removed so far. */
function Share({ surface }: { readonly surface: DeletionJson["surfaces"][number] }) {
  const { found, deleted } = surface;
  return (
    <Progress
      size="xs"
      mt={4}
      value={found === 0 ? 0 : (deleted / found) * 100}
      aria-label={`Removed so far: ${surfaceName(surface.surface)}`}
    />
  );
}

function Places({ deletion }: { readonly deletion: DeletionJson }) {
  const isRunning = deletion.state === "deleting";
  if (deletion.surfaces.length === 0) {
    return (
      <Text c="dimmed" size="sm">
        Nothing was looked at yet. The counts come when removing begins.
      </Text>
    );
  }
  return (
    <div className="table-scroll" role="region" aria-label="Counts by place" tabIndex={0}>
      <Table miw={720}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th miw={160}>Place</Table.Th>
            {COLUMNS.map((column) => (
              <Table.Th key={column} className="number">
                {LABELS[column]}
              </Table.Th>
            ))}
            <Table.Th className="number">Size</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {deletion.surfaces.map((surface) => (
            <Table.Tr key={surface.surface}>
              <Table.Td>
                {surfaceName(surface.surface)}
                {isRunning && <Share surface={surface} />}
              </Table.Td>
              {COLUMNS.map((column) => (
                <Table.Td key={column} className="number">
                  {count(surface[column])}
                </Table.Td>
              ))}
              <Table.Td className="number">{bytes(surface.bytes)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
