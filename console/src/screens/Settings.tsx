import { Button, Code, Group, Stack, Table, Text, Title } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { api } from "../api/client.ts";
import { Copy } from "../parts/Copy.tsx";
import { moment } from "../parts/format.ts";
import { Head, Loading, Trouble } from "../parts/states.tsx";

/** Screen 7: the effective configuration, and letting somebody in. */
export function Settings() {
  const { data, error, refetch } = useQuery({
    queryKey: ["settings"],
    queryFn: ({ signal }) => api.service.settings({ signal }),
  });
  return (
    <>
      <Head title="Settings" />
      <Stack>
        <Invite />
        <section className="card" aria-labelledby="configuration">
          <Title order={2} size="h4" id="configuration">
            Configuration
          </Title>
          <Text size="sm" c="dimmed" mb="xs">
            What this process runs with. Secrets are not shown. Change it where it came from, and
            start the service again.
          </Text>
          {data === undefined ? (
            error ? (
              <Trouble
                error={error}
                what="The settings could not be read."
                retry={() => void refetch()}
              />
            ) : (
              <Loading what="settings" />
            )
          ) : (
            <div className="table-scroll" role="region" aria-label="Configuration" tabIndex={0}>
              <Table miw={560}>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Name</Table.Th>
                    <Table.Th>Value</Table.Th>
                    <Table.Th>From</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {data.map(({ name, value, source, origin }) => (
                    <Table.Tr key={name}>
                      <Table.Td className="key">{name}</Table.Td>
                      <Table.Td className="breaks">{value}</Table.Td>
                      <Table.Td className="breaks">
                        {source}
                        {origin !== null && origin !== name && `, ${origin}`}
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </div>
          )}
        </section>
      </Stack>
    </>
  );
}

function Invite() {
  const make = useMutation({ mutationFn: () => api.sessions.createCode() });
  return (
    <section className="card" aria-labelledby="invite">
      <Stack gap="xs" align="flex-start">
        <Title order={2} size="h4" id="invite">
          Let somebody sign in
        </Title>
        <Text size="sm">
          A link works once and for a few minutes. Whoever opens it is signed in as you, with all
          rights.
        </Text>
        {make.error && <Trouble error={make.error} what="No link was made." />}
        {make.data && (
          <Group gap="xs">
            <Code className="breaks">{make.data.url}</Code>
            <Copy value={make.data.url} />
            <Text size="sm">Works until {moment(make.data.expiresAt)}.</Text>
          </Group>
        )}
        <Button variant="default" loading={make.isPending} onClick={() => make.mutate()}>
          Make a sign-in link
        </Button>
      </Stack>
    </section>
  );
}
