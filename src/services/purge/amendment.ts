import { AMENDMENT_TYPE, buildAmendment } from "../../core/amendment.ts";
import { receiptHash } from "../../core/receipt.ts";
import { canonicalBytes } from "../../core/statement.ts";
import type { AmendmentFacts, Sealed } from "../../ports/metadata/index.ts";
import type { Context } from "../context.ts";

/** Signs what was found of a deleted project after its receipt. */
export async function signAmendment(
  { signer }: Pick<Context, "signer">,
  facts: AmendmentFacts,
): Promise<Sealed> {
  const { deletion } = facts;
  const payload = buildAmendment({
    deletionId: deletion.id,
    project: { id: deletion.projectId, uid: deletion.projectUid },
    receiptHash: facts.receiptHash,
    surfaces: facts.surfaces,
    leaves: facts.leaves,
    merkleRoot: facts.merkleRoot,
    sequence: facts.sequence,
    previousHash: facts.previousHash,
    verifiedAt: facts.verifiedAt,
    issuedAt: facts.now,
  });
  const jws = await signer.sign(canonicalBytes(payload), AMENDMENT_TYPE);
  return { jws, hash: receiptHash(jws) };
}
