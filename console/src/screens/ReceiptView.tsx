import { Alert, Button, Group, List, Stack, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { DeletionJson } from "expunge/client";
import { payloadOf, type Verification, verifyReceipt } from "../api/verify.ts";
import { bytes, counted } from "../parts/format.ts";
import { Trouble } from "../parts/states.tsx";

/** Of what a receipt states, that which is shown. */
interface ReceiptPayload {
  readonly totals: { readonly deleted: number; readonly bytes: number };
  readonly notCovered: readonly string[];
}

/** The receipt: what it says, where to get it, and whether its signature fits. */
export function ReceiptView({ deletion }: { readonly deletion: DeletionJson }) {
  const { receipt, amendments } = deletion;
  const verify = useMutation({
    mutationFn: () => verifyReceipt(receipt ?? "", deletion),
  });
  if (receipt === null) return null;
  return (
    <section className="card" aria-labelledby="receipt">
      <Stack gap="sm">
        <Title order={2} size="h4" id="receipt">
          Receipt
        </Title>
        <Statement receipt={receipt} />
        {amendments.length > 0 && (
          <Text size="sm">
            Something came back later from elsewhere and was removed. That is stated, signed too, by{" "}
            {counted(amendments.length, "amendment")}; the receipt itself never changes.
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
        {verify.data && <Verdict verification={verify.data} />}
      </Stack>
    </section>
  );
}

/** What the receipt says, where it can be read. */
function Statement({ receipt }: { readonly receipt: string }) {
  const { totals, notCovered } = (payloadOf(receipt) ?? {}) as Partial<ReceiptPayload>;
  if (totals === undefined || notCovered === undefined) {
    return <Text size="sm">It cannot be read: verify its signature, and get it again.</Text>;
  }
  return (
    <>
      <Text size="sm">
        It states, signed, that nothing was left. Removed: {counted(totals.deleted, "object")},{" "}
        {bytes(totals.bytes)}. It does not cover:
      </Text>
      <List size="sm">
        {notCovered.map((each) => (
          <List.Item key={each}>{each}</List.Item>
        ))}
      </List>
    </>
  );
}

function Verdict({ verification }: { readonly verification: Verification }) {
  const { isValid, keyId, reason } = verification;
  return (
    <Alert
      color={isValid ? "green" : "red"}
      title={isValid ? "The signature is valid" : "The signature is not valid"}
      role="status"
    >
      <Text size="sm">{reason}</Text>
      <Text size="sm" className="breaks">
        Signed with the key {keyId ?? "(not named)"}. This was checked in your browser, with the
        keys that this service serves.
        {!isValid && " What to do: get the receipt again, and tell whoever runs the service."}
      </Text>
    </Alert>
  );
}
