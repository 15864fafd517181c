import {
  Alert,
  Button,
  Checkbox,
  Code,
  Group,
  Modal,
  Stack,
  Table,
  Text,
  TextInput,
} from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { TokenJson } from "expunge/client";
import { useState } from "react";
import { api } from "../api/client.ts";
import { taken } from "../api/projects.ts";
import { ChangeForm } from "../parts/ChangeForm.tsx";
import { Copy } from "../parts/Copy.tsx";
import { moment } from "../parts/format.ts";
import { Empty, Head, Loading, Trouble } from "../parts/states.tsx";

const RIGHTS = [
  { value: "projects:read", label: "Read projects and files" },
  { value: "projects:write", label: "Make projects, upload and change files" },
  { value: "projects:delete", label: "Delete projects" },
  { value: "admin", label: "Everything, of all owners" },
] as const;
type Right = (typeof RIGHTS)[number]["value"];

const DAY_SECONDS = 86_400;

/** Screen 7: tokens of the API. */
export function Tokens() {
  const [isMaking, setMaking] = useState(false);
  const { data, error, refetch } = useQuery({
    queryKey: ["tokens"],
    queryFn: ({ signal }) => taken(api.tokens.all({ signal })),
  });
  const make = <Button onClick={() => setMaking(true)}>New token</Button>;
  return (
    <>
      <Head title="Tokens" actions={make}>
        <Text c="dimmed" size="sm">
          Applications send one with each request, and may do what it allows.
        </Text>
      </Head>
      {data === undefined ? (
        error ? (
          <Trouble
            error={error}
            what="The tokens could not be read."
            retry={() => void refetch()}
          />
        ) : (
          <Loading what="tokens" />
        )
      ) : data.length === 0 ? (
        <Empty title="No tokens yet" action={make}>
          Make one for each application, with no more rights than it needs.
        </Empty>
      ) : (
        <List tokens={data} />
      )}
      {isMaking && <MakeToken onClose={() => setMaking(false)} />}
    </>
  );
}

function stateOf({ revokedAt, expiresAt }: TokenJson): string {
  if (revokedAt !== null) return `revoked ${moment(revokedAt)}`;
  if (expiresAt === null) return "valid, without an end";
  return `${new Date(expiresAt) < new Date() ? "ended" : "valid until"} ${moment(expiresAt)}`;
}

function List({ tokens }: { readonly tokens: readonly TokenJson[] }) {
  const queryClient = useQueryClient();
  const revoke = useMutation({
    mutationFn: (id: string) => api.tokens.revoke(id),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["tokens"] }),
  });
  return (
    <Stack>
      {revoke.error && <Trouble error={revoke.error} what="The token was not revoked." />}
      <div className="rows table-scroll" role="region" aria-label="Tokens" tabIndex={0}>
        <Table miw={720} verticalSpacing="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Name</Table.Th>
              <Table.Th>Owner</Table.Th>
              <Table.Th>Rights</Table.Th>
              <Table.Th>State</Table.Th>
              <Table.Th>Last used</Table.Th>
              <Table.Th>Actions</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {tokens.map((token) => (
              <Table.Tr key={token.id}>
                <Table.Td className="breaks">{token.name}</Table.Td>
                <Table.Td className="breaks">{token.owner}</Table.Td>
                <Table.Td>{token.rights.join(", ")}</Table.Td>
                <Table.Td>{stateOf(token)}</Table.Td>
                <Table.Td>
                  {token.lastUsedAt === null ? "never" : moment(token.lastUsedAt)}
                </Table.Td>
                <Table.Td>
                  {token.revokedAt === null && (
                    <Button
                      size="xs"
                      variant="default"
                      aria-label={`Revoke ${token.name}`}
                      loading={revoke.isPending && revoke.variables === token.id}
                      onClick={() => revoke.mutate(token.id)}
                    >
                      Revoke
                    </Button>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </Stack>
  );
}

function MakeToken({ onClose }: { readonly onClose: () => void }) {
  const [name, setName] = useState("");
  const [owner, setOwner] = useState("");
  const [days, setDays] = useState("90");
  const [rights, setRights] = useState<Right[]>(["projects:read"]);
  const queryClient = useQueryClient();
  const isDays = days.trim() === "" || (Number.isInteger(Number(days)) && Number(days) > 0);
  const make = useMutation({
    mutationFn: () =>
      api.tokens.create({
        name: name.trim(),
        rights,
        ...(owner.trim() === "" ? {} : { owner: owner.trim() }),
        ...(days.trim() === "" ? {} : { ttlSeconds: Number(days) * DAY_SECONDS }),
      }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["tokens"] }),
  });
  if (make.data) {
    return (
      <Modal opened onClose={onClose} title="The token is made">
        <Stack>
          <Alert color="yellow" title="Copy it now: it is shown this once" role="status">
            Only a fingerprint of it is kept. If it is lost, revoke it and make another.
          </Alert>
          <Code block className="breaks">
            {make.data.token}
          </Code>
          <Group justify="flex-end">
            <Copy value={make.data.token} />
            <Button onClick={onClose}>I have it</Button>
          </Group>
        </Stack>
      </Modal>
    );
  }
  return (
    <Modal opened onClose={onClose} title="New token" size="md">
      <ChangeForm
        change={make}
        trouble="No token was made."
        submit="Make the token"
        isReady={name.trim() !== "" && rights.length > 0 && isDays}
        onCancel={onClose}
      >
        <TextInput
          label="Name"
          description="What it is for, such as the application."
          required
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <TextInput
          label="Owner"
          description="Whose projects it sees. Leave it empty for yourself."
          value={owner}
          onChange={(event) => setOwner(event.currentTarget.value)}
        />
        <TextInput
          label="Days until it ends"
          description="Leave it empty for no end."
          inputMode="numeric"
          value={days}
          error={isDays ? null : "Write a whole number above 0, or leave it empty."}
          onChange={(event) => setDays(event.currentTarget.value)}
        />
        <Checkbox.Group label="It may" value={rights} onChange={(chosen) => setRights(chosen)}>
          <Stack gap={6} mt={6}>
            {RIGHTS.map(({ value, label }) => (
              <Checkbox key={value} value={value} label={label} />
            ))}
          </Stack>
        </Checkbox.Group>
      </ChangeForm>
    </Modal>
  );
}
