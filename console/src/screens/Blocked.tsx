import { Alert, Button, Group, Stack, Table, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { DeletionJson } from "expunge/client";
import { api } from "../api/client.ts";
import { deletionQuery } from "../api/deletions.ts";
import { counted, fromNow } from "../parts/format.ts";
import { useNow } from "../parts/now.ts";
import { Trouble } from "../parts/states.tsx";
import { OUTCOMES } from "../parts/surfaces.ts";

/** What still lies in the store, why, and what to do next. */
export function Blocked({ deletion }: { readonly deletion: DeletionJson }) {
  const nowMs = useNow();
  const queryClient = useQueryClient();
  const retry = useMutation({
    mutationFn: () => api.deletions.retry(deletion.id),
    onSuccess: (answered) =>
      queryClient.setQueryData(deletionQuery(deletion.id).queryKey, answered),
  });
  const { blocked, residueTotal } = deletion;
  if (!blocked) return null;
  return (
    <Alert color="red" title="Not finished: something could not be removed" role="alert">
      <Stack gap="sm">
        <Text size="sm">
          {residueTotal > 0
            ? `${counted(residueTotal, "object")} could not be removed or checked, so there is no receipt. The rest is gone.`
            : "The store could not be checked, so there is no receipt."}
        </Text>
        <Text size="sm">
          The reason that the service gives: {blocked.reason} ({blocked.code}).
        </Text>
        <Text size="sm">
          What to do: take away the cause named below (a lock, a missing permission, a store that is
          down), then try again. The service also tries by itself, next{" "}
          {fromNow(blocked.nextRetryAt, nowMs)}.
        </Text>
        {retry.error && <Trouble error={retry.error} what="It was not tried again." />}
        <Group>
          <Button size="xs" loading={retry.isPending} onClick={() => retry.mutate()}>
            Try again now
          </Button>
          {residueTotal > 0 && (
            <Button
              size="xs"
              variant="default"
              component="a"
              href={`/v1/deletions/${deletion.id}/residue`}
              download={`${deletion.id}-residue.ndjson`}
            >
              Download the whole list
            </Button>
          )}
        </Group>
        {deletion.residue.length > 0 && <ResidueTable deletion={deletion} />}
      </Stack>
    </Alert>
  );
}

function ResidueTable({ deletion }: { readonly deletion: DeletionJson }) {
  return (
    <div className="table-scroll" role="region" aria-label="What is still there" tabIndex={0}>
      <Table miw={480}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Object</Table.Th>
            <Table.Th>What happened</Table.Th>
            <Table.Th>Why</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {deletion.residue.map(({ key, outcome, code, message }) => (
            <Table.Tr key={key}>
              <Table.Td className="key">{key}</Table.Td>
              <Table.Td>{OUTCOMES[outcome]}</Table.Td>
              <Table.Td>
                {message} ({code})
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
