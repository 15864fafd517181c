import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import type { AuditJson } from "expunge/client";
import { useState } from "react";
import { useStartAudit } from "../api/audits.ts";
import { bytes, counted } from "../parts/format.ts";
import { Trouble } from "../parts/states.tsx";

type Fix = "orphans" | "dangling";

/** What may be mended of a finished audit, which is the plan of it. */
export function FixAudit({ audit }: { readonly audit: AuditJson }) {
  const [fix, setFix] = useState<Fix | null>(null);
  const start = useStartAudit();
  const orphans = audit.orphans + audit.residueOfDeleted + audit.staleUploads;
  if (orphans === 0 && audit.dangling === 0) return null;
  const plan =
    fix === "orphans"
      ? `${counted(orphans, "object or upload", "objects and uploads")} without a file, ${bytes(audit.orphanBytes)}, would be removed from the store, for good.`
      : `${counted(audit.dangling, "file")} without an object would be taken out of the lists. Their bytes are gone already.`;
  return (
    <section className="card" aria-label="Mending">
      <Group>
        {orphans > 0 && (
          <Button variant="default" onClick={() => setFix("orphans")}>
            Remove what belongs to no file ...
          </Button>
        )}
        {audit.dangling > 0 && (
          <Button variant="default" onClick={() => setFix("dangling")}>
            Drop files whose object is missing ...
          </Button>
        )}
      </Group>
      <Modal opened={fix !== null} onClose={() => setFix(null)} title="The plan" size="md">
        <Stack>
          <Text>{plan}</Text>
          <Alert color="yellow" title="It looks again before it changes anything">
            A new audit runs first. What it does not find the same again is left alone.
          </Alert>
          {start.error && <Trouble error={start.error} what="Nothing was changed." />}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setFix(null)}>
              Change nothing
            </Button>
            <Button
              color="red"
              loading={start.isPending}
              onClick={() => {
                if (fix === null) return;
                start.mutate({ fix, minAge: audit.minAge });
                setFix(null);
              }}
            >
              Do it
            </Button>
          </Group>
        </Stack>
      </Modal>
    </section>
  );
}
