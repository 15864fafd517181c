import { Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api } from "../api/client.ts";
import { moment } from "../parts/format.ts";
import { Empty, Loading, Trouble } from "../parts/states.tsx";

const SHOWN = 100;

/** Who asked for which change of a project: the audit log's newest entries. */
export function Activity({ projectId }: { readonly projectId: string }) {
  const { data, error, refetch } = useQuery({
    queryKey: ["activity", projectId],
    queryFn: ({ signal }) => api.auditLog.list({ projectId, limit: SHOWN, signal }),
    refetchInterval: 10_000,
  });
  if (data === undefined) {
    return error ? (
      <Trouble error={error} what="The activity could not be read." retry={() => void refetch()} />
    ) : (
      <Loading what="the activity" />
    );
  }
  if (data.items.length === 0) {
    return (
      <Empty title="Nothing was changed yet">
        Every change is listed here with who asked for it.
      </Empty>
    );
  }
  return (
    <>
      <div className="rows table-scroll" role="region" aria-label="Activity" tabIndex={0}>
        <Table miw={480}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>When</Table.Th>
              <Table.Th>Who</Table.Th>
              <Table.Th>What was asked</Table.Th>
              <Table.Th>Answer</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data.items.map((entry) => (
              <Table.Tr key={entry.sequence}>
                <Table.Td>{moment(entry.at)}</Table.Td>
                <Table.Td className="breaks">{entry.subject ?? "nobody known"}</Table.Td>
                <Table.Td>{wordsOf(entry.operation)}</Table.Td>
                <Table.Td>{entry.outcome}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      {data.nextCursor !== null && (
        <Text size="sm" c="dimmed" mt="xs">
          The newest {SHOWN} entries. `expunge audit-log` on the command line lists all.
        </Text>
      )}
    </>
  );
}

/** `completeUpload` is "complete upload". */
function wordsOf(operation: string): string {
  return operation.replaceAll(/[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`);
}
