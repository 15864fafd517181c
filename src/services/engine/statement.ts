import { rootOf } from "../../core/merkle.ts";
import type { Evidence, Instant, SurfaceCounts } from "../../core/model.ts";
import { buildReceipt, RECEIPT_TYPE } from "../../core/receipt.ts";
import { canonicalBytes } from "../../core/statement.ts";
import type { Capabilities, StoreIdentity } from "../../ports/object-store.ts";
import type { Signer } from "../../ports/signer.ts";

/** What a run of the engine has to say. */
interface Facts {
  readonly id: string;
  readonly projectId: string;
  readonly surfaces: readonly SurfaceCounts[];
  readonly evidence: readonly Evidence[];
  readonly requestedAt: Instant;
  readonly verifiedAt: Instant;
  readonly issuedAt: Instant;
}

/**
 * Signs the receipt of a run. It stands in no chain, and nothing was fenced: every surface is `emptied`,
 * since the application writes to them by itself (I1).
 */
export async function signStatement(
  signer: Pick<Signer, "sign">,
  store: StoreIdentity,
  capabilities: Capabilities,
  facts: Facts,
  leaves: readonly Uint8Array[],
): Promise<string> {
  const { id, projectId, surfaces, evidence, requestedAt, verifiedAt, issuedAt } = facts;
  const lacking = capabilities.declaredLacking;
  const payload = buildReceipt({
    deletionId: id,
    project: { id: projectId, uid: projectId },
    store,
    surfaces,
    leaves: leaves.length,
    merkleRoot: rootOf(leaves),
    evidence,
    sequence: 0,
    previousHash: null,
    times: { requestedAt, purgeStartedAt: requestedAt, fencedAt: null, verifiedAt, issuedAt },
    capabilities: { ...capabilities, declaredLacking: lacking.join(",") || "nothing" },
    lacking,
  });
  return await signer.sign(canonicalBytes(payload), RECEIPT_TYPE);
}
