import { createHash } from "node:crypto";
import { type Finding, isSampled, isYoung } from "../../core/audit.ts";
import { LIMITS } from "../../core/limits.ts";
import { isStoreError } from "../../core/store-errors.ts";
import type { ObjectEntry } from "../../ports/object-store.ts";
import { inPool } from "../pool.ts";
import type { Pair } from "./join.ts";
import { findingOf, type Judge, type Judgement, stillNamed } from "./judging.ts";

/**
 * Reads a sample of the objects whose rows have a checksum, and compares it. The sample is another one in
 * each audit, and the same one where an audit goes on after a crash.
 */
export async function readSample(
  judge: Judge,
  { id, readPercent }: { readonly id: string; readonly readPercent: number },
  pairs: readonly Pair[],
): Promise<Judgement> {
  const findings: Finding[] = [];
  let read = 0;
  let unknown = 0;
  if (readPercent === 0) return { findings, counts: {} };
  await inPool(LIMITS.auditReadsInFlight, async (add) => {
    for (const { object, row } of pairs) {
      if (object === null || row === null || row.sha256 === null) continue;
      if (object.sizeBytes !== row.sizeBytes || isYoung(judge.age, row.updatedAt)) continue;
      if (!isSampled(id, row.fileUid, readPercent)) continue;
      await add(async () => {
        const result = await bytesOf(judge, object);
        if (result.state === "unreadable") unknown++;
        if (result.state !== "read") return;
        read++;
        if (result.sha256 !== row.sha256 && (await stillNamed(judge, [row])).length > 0) {
          const { sizeBytes, modifiedAt } = object;
          const facts = { sizeBytes, modifiedAt, mismatch: "checksum" } as const;
          findings.push({ ...findingOf("mismatched", row), ...facts });
        }
      });
    }
  });
  return { findings, counts: { read, unknown } };
}

type Bytes =
  | { readonly state: "read"; readonly sha256: string }
  | { readonly state: "gone" | "unreadable" };

async function bytesOf({ context, signal }: Judge, { key }: ObjectEntry): Promise<Bytes> {
  try {
    const { body } = await context.store.get(key, undefined, signal);
    const hash = createHash("sha256");
    for await (const chunk of body) hash.update(chunk);
    return { state: "read", sha256: hash.digest("hex") };
  } catch (error) {
    if (!isStoreError(error)) throw error;
    signal?.throwIfAborted();
    return { state: error.code === "no-such-key" ? "gone" : "unreadable" };
  }
}
