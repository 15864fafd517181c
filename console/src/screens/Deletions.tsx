import { Select, Table, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { DeletionJson } from "expunge/client";
import { useState } from "react";
import { deletionsQuery, handledOf } from "../api/deletions.ts";
import { count, counted, moment } from "../parts/format.ts";
import { Empty, Head, Loading, StateBadge, Trouble } from "../parts/states.tsx";

const STATES = [
  { value: "all", label: "All" },
  { value: "trashed", label: "Can still be undone" },
  { value: "deleting", label: "Removing" },
  { value: "verifying", label: "Checking" },
  { value: "completed", label: "Done, with a receipt" },
  { value: "restored", label: "Undone" },
];

/** Screen 4: the history. */
export function Deletions() {
  const [state, setState] = useState("all");
  const [typed, setTyped] = useState("");
  const [projectId] = useDebouncedValue(typed.trim(), 250);
  const filter = state === "all" ? null : (state as DeletionJson["state"]);
  const { data, error, refetch } = useQuery(deletionsQuery(filter, projectId));
  return (
    <>
      <Head title="Deletions" />
      <div className="filters">
        <TextInput
          aria-label="Show deletions of the project with this id"
          placeholder="Id of a project"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <Select
          aria-label="Show deletions in this state"
          data={STATES}
          value={state}
          allowDeselect={false}
          onChange={(value) => setState(value ?? "all")}
        />
      </div>
      {data === undefined ? (
        error ? (
          <Trouble
            error={error}
            what="The deletions could not be read."
            retry={() => void refetch()}
          />
        ) : (
          <Loading what="deletions" />
        )
      ) : data.length === 0 ? (
        <Empty
          title={filter === null && projectId === "" ? "Nothing was deleted yet" : "None fits"}
        >
          Each deletion of a project stays listed here with its receipt.
        </Empty>
      ) : (
        <List deletions={data} />
      )}
    </>
  );
}

function List({ deletions }: { readonly deletions: readonly DeletionJson[] }) {
  return (
    <>
      <Text size="sm" c="dimmed" mb="xs" role="status">
        {counted(deletions.length, "deletion")}, the newest first
      </Text>
      <div className="rows table-scroll" role="region" aria-label="Deletions" tabIndex={0}>
        <Table verticalSpacing="sm" miw={560}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Deletion</Table.Th>
              <Table.Th>Project</Table.Th>
              <Table.Th>State</Table.Th>
              <Table.Th className="number">Removed</Table.Th>
              <Table.Th>Requested</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {deletions.map((deletion) => (
              <Table.Tr key={deletion.id}>
                <Table.Td>
                  <Link to="/deletions/$id" params={{ id: deletion.id }}>
                    {deletion.id}
                  </Link>
                </Table.Td>
                <Table.Td className="breaks">{deletion.projectId}</Table.Td>
                <Table.Td>
                  <StateBadge state={deletion.blocked ? "blocked" : deletion.state} />
                </Table.Td>
                <Table.Td className="number">{count(handledOf(deletion))}</Table.Td>
                <Table.Td>{moment(deletion.requestedAt)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </>
  );
}
