import { Badge, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { AuditJson, FindingJson } from "expunge/client";
import { api } from "../api/client.ts";
import { SHOWN_MAX, taken } from "../api/projects.ts";
import { bytes, count, span } from "../parts/format.ts";
import { useNow } from "../parts/now.ts";
import { Loading, Trouble } from "../parts/states.tsx";
import { Costs } from "./Costs.tsx";

const LISTED = 100;

const KINDS: Readonly<
  Record<FindingJson["kind"], { readonly name: string; readonly todo: string }>
> = {
  orphan: { name: "Orphan", todo: "Belongs to a project, but to no file. Removing it is safe." },
  "residue-of-deleted": {
    name: "Left of a deleted project",
    todo: "Should be gone. Remove it, and look who else writes there.",
  },
  dangling: {
    name: "Missing object",
    todo: "Bring the object back from a backup, or drop the file.",
  },
  mismatched: {
    name: "Wrong object",
    todo: "Somebody changed it in the store. Upload the file again.",
  },
  "stale-upload": {
    name: "Stale upload",
    todo: "Parts that became no file. Removing them is safe.",
  },
  foreign: {
    name: "Foreign object",
    todo: "Not of expunge, which leaves it alone. Yours to judge.",
  },
};

/** All that an audit has found: what it costs by prefix, and one by one. */
export function Findings({ audit }: { readonly audit: AuditJson }) {
  const { data, error, refetch } = useQuery({
    queryKey: ["findings", audit.id],
    queryFn: ({ signal }) => taken(api.audits.findings(audit.id, { signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (data === undefined) {
    return error ? (
      <Trouble error={error} what="The findings could not be read." retry={() => void refetch()} />
    ) : (
      <Loading what="findings" rows={3} />
    );
  }
  if (data.length === 0) return null;
  return (
    <>
      <Costs audit={audit} findings={data} />
      <section className="card" aria-labelledby="findings">
        <Title order={2} size="h4" id="findings" mb="xs">
          Findings
        </Title>
        <Text size="sm" c="dimmed" mb="xs">
          {data.length > LISTED && `The first ${LISTED} of ${count(data.length)}. `}
          {data.length >= SHOWN_MAX && "There are more. "}
          <a href={`/v1/audits/${audit.id}/findings`} download={`${audit.id}.ndjson`}>
            Download all
          </a>
        </Text>
        <List findings={data.slice(0, LISTED)} />
      </section>
    </>
  );
}

function List({ findings }: { readonly findings: readonly FindingJson[] }) {
  const nowMs = useNow(60_000);
  return (
    <div className="table-scroll" role="region" aria-label="Findings" tabIndex={0}>
      <Table miw={640}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>What</Table.Th>
            <Table.Th>Where</Table.Th>
            <Table.Th className="number">Size</Table.Th>
            <Table.Th>Age</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {findings.map((finding) => (
            <Table.Tr key={finding.kind + finding.key + (finding.uploadId ?? "")}>
              <Table.Td>
                <Text size="sm" fw={600}>
                  {KINDS[finding.kind].name}{" "}
                  {finding.outcome !== null && <Badge tt="none">{finding.outcome}</Badge>}
                </Text>
                <Text size="xs" c="dimmed">
                  {KINDS[finding.kind].todo}
                </Text>
              </Table.Td>
              <Table.Td className="key">{finding.path ?? finding.key}</Table.Td>
              <Table.Td className="number">{bytes(sizeOf(finding))}</Table.Td>
              <Table.Td className="one-line">
                {span(nowMs - new Date(finding.modifiedAt).getTime())}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

/** Of the object, and of one that is missing what it should have. */
function sizeOf({ sizeBytes, rowBytes }: FindingJson): number {
  return sizeBytes ?? rowBytes ?? 0;
}
