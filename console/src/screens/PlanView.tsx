import { Code, Table, Text } from "@mantine/core";
import type { PlanJson } from "expunge/client";
import { bytes, count, counted } from "../parts/format.ts";
import { surfaceMeaning, surfaceName } from "../parts/surfaces.ts";

/** What a deletion would remove, place by place. */
export function PlanView({ plan }: { readonly plan: PlanJson }) {
  return (
    <>
      <Text>
        This would remove <b>{counted(plan.objects, "object")}</b>, <b>{bytes(plan.bytes)}</b> in
        all.
      </Text>
      <div className="table-scroll" role="region" aria-label="Plan by place" tabIndex={0}>
        <Table verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Place</Table.Th>
              <Table.Th className="number">Objects</Table.Th>
              <Table.Th className="number">Size</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {plan.surfaces.map(({ surface, objects, bytes: size, sampleKeys }) => (
              <Table.Tr key={surface}>
                <Table.Td>
                  <Text size="sm" fw={600}>
                    {surfaceName(surface)}
                  </Text>
                  <Text size="xs" c="dimmed">
                    {surfaceMeaning(surface)}
                  </Text>
                  {sampleKeys.slice(0, 2).map((key) => (
                    <Code key={key} block className="breaks sample">
                      {key}
                    </Code>
                  ))}
                </Table.Td>
                <Table.Td className="number">{count(objects)}</Table.Td>
                <Table.Td className="number">{bytes(size)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </>
  );
}
