import { Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { AuditJson } from "expunge/client";
import { differencesOf } from "../api/audits.ts";
import { api } from "../api/client.ts";
import { taken } from "../api/projects.ts";
import { bytes, count, moment } from "../parts/format.ts";
import { Loading, Trouble } from "../parts/states.tsx";

const LISTED_MAX = 200;

/** The audits that the service remembers, newest first. */
export function EarlierAudits() {
  const { data, error, refetch } = useQuery({
    queryKey: ["audits"],
    queryFn: ({ signal }) => taken(api.audits.all({ signal }), LISTED_MAX),
    staleTime: 0,
    refetchInterval: 5000,
  });
  return (
    <section className="card" aria-labelledby="earlier">
      <Title order={2} size="h4" id="earlier" mb="xs">
        Earlier audits
      </Title>
      {data === undefined ? (
        error ? (
          <Trouble
            error={error}
            what="The earlier audits could not be read."
            retry={() => void refetch()}
          />
        ) : (
          <Loading what="earlier audits" rows={3} />
        )
      ) : data.length === 0 ? (
        <Text size="sm" c="dimmed">
          None in the last thirty days.
        </Text>
      ) : (
        <List audits={data} />
      )}
    </section>
  );
}

function outcomeOf(audit: AuditJson): string {
  if (audit.state === "running") return "under way";
  const found = differencesOf(audit);
  const what = found === 0 ? "nothing found" : `${count(found)} found`;
  const mended = audit.fix === "none" ? "" : `, ${count(audit.fixes.fixed)} mended`;
  return `${what}${mended}${audit.complete ? "" : ", not complete"}`;
}

function List({ audits }: { readonly audits: readonly AuditJson[] }) {
  return (
    <div className="table-scroll" role="region" aria-label="Earlier audits" tabIndex={0}>
      <Table miw={560}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Begun</Table.Th>
            <Table.Th>By</Table.Th>
            <Table.Th>Outcome</Table.Th>
            <Table.Th className="number">Objects</Table.Th>
            <Table.Th className="number">Without a file</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {audits.map((audit) => (
            <Table.Tr key={audit.id}>
              <Table.Td>
                <Link to="/audit/$id" params={{ id: audit.id }}>
                  {moment(audit.requestedAt)}
                </Link>
              </Table.Td>
              <Table.Td className="breaks">{audit.requestedBy}</Table.Td>
              <Table.Td>{outcomeOf(audit)}</Table.Td>
              <Table.Td className="number">{count(audit.objects)}</Table.Td>
              <Table.Td className="number">{bytes(audit.orphanBytes)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
