import { Alert, Button, Group, List, Stack, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { DeletionJson } from "expunge/client";
import { payloadOf, type Verification, verifyReceipt } from "../api/verify.ts";
import { bytes, count } from "../parts/format.ts";
import { Trouble } from "../parts/states.tsx";

/** The receipt: what it says, where to get it, and whether its signature fits. */
export function ReceiptView({ deletion }: { readonly deletion: DeletionJson }) {
  const { receipt, amendments } = deletion;
  const verify = useMutation({
    mutationFn: async (): Promise<readonly Verification[]> =>
      await Promise.all([receipt ?? "", ...amendments].map((jws) => verifyReceipt(jws, deletion))),
  });
  if (receipt === null) return null;
  const payload = payloadOf(receipt);
  const totals = payload["totals"] as { readonly deleted: number; readonly bytes: number };
  const notCovered = payload["notCovered"] as readonly string[];
  return (
    <section className="card" aria-labelledby="receipt">
      <Stack gap="sm">
        <Title order={2} size="h4" id="receipt">
          Receipt
        </Title>
        <Text size="sm">
          A signed statement that {count(totals.deleted)} objects ({bytes(totals.bytes)}) were
          removed and that nothing was left. It does not cover:
        </Text>
        <List size="sm">
          {notCovered.map((each) => (
            <List.Item key={each}>{each}</List.Item>
          ))}
        </List>
        {amendments.length > 0 && (
          <Text size="sm">
            Something came back later from elsewhere and was removed. {amendments.length} amendments
            state that; the receipt itself never changes.
          </Text>
        )}
        <Group>
          <Button loading={verify.isPending} onClick={() => verify.mutate()}>
            Verify the signature
          </Button>
          <Button
            variant="default"
            component="a"
            href={`data:application/jose,${receipt}`}
            download={`${deletion.projectId}.receipt.jws`}
          >
            Download the receipt
          </Button>
          <Button
            variant="default"
            component="a"
            href={`/v1/receipts/${deletion.projectUid}`}
            download={`${deletion.projectId}.receipt.json`}
          >
            Download with amendments
          </Button>
        </Group>
        {verify.error && (
          <Trouble
            error={verify.error}
            what="The signature could not be looked at in this browser."
          />
        )}
        {verify.data && <Verdict all={verify.data} />}
      </Stack>
    </section>
  );
}

function Verdict({ all }: { readonly all: readonly Verification[] }) {
  const bad = all.find(({ isValid }) => !isValid);
  const shown = bad ?? all[0];
  if (!shown) return null;
  return (
    <Alert
      color={bad ? "red" : "green"}
      title={bad ? "The signature is not valid" : "The signature is valid"}
      role="status"
    >
      <Text size="sm">{shown.reason}</Text>
      <Text size="sm" className="breaks">
        Signed with the key {shown.keyId ?? "(not named)"}. This was checked in your browser, with
        the keys that this service serves.
        {bad && " What to do: get the receipt again, and tell whoever runs the service."}
      </Text>
    </Alert>
  );
}
