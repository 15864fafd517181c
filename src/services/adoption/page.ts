import {
  type AdoptableFile,
  type AdoptionCounts,
  type AdoptionRefusal,
  type AdoptionRequest,
  NO_ADOPTIONS,
} from "../../core/adoption.ts";
import { isYoung, type KeyOrder, spellingsOf } from "../../core/audit.ts";
import { makeUid } from "../../core/ids.ts";
import { isInternalKey } from "../../core/keys.ts";
import { explainKey } from "../../core/layouts/index.ts";
import { LIMITS } from "../../core/limits.ts";
import { isMediaType } from "../../core/media-type.ts";
import type { Instant } from "../../core/model.ts";
import { pathOrNull } from "../../core/paths.ts";
import { isStoreError } from "../../core/store-errors.ts";
import type { RunNote } from "../../ports/metadata/index.ts";
import type { ObjectEntry, ObjectHead } from "../../ports/object-store.ts";
import type { Context } from "../context.ts";
import { etagOf } from "../etag.ts";
import { inPool } from "../pool.ts";

/** By what a page of a listing is judged. */
export interface Adopter {
  readonly context: Pick<Context, "store" | "metadata" | "layouts" | "random">;
  readonly request: AdoptionRequest;
  readonly order: KeyOrder;
  /** Of the adoption, by the database's clock. */
  readonly startedAt: Instant;
  readonly signal: AbortSignal;
}

/** What a page of a listing comes to, before the rows decide. */
export interface AdoptablePage {
  readonly files: readonly AdoptableFile[];
  readonly notes: readonly RunNote[];
  readonly counts: AdoptionCounts;
}

interface Candidate {
  readonly entry: ObjectEntry;
  readonly projectId: string;
}

/** Finds the objects of a page that no row names and that a legacy layout gives to a project. */
export async function adoptablePage(
  adopter: Adopter,
  entries: readonly ObjectEntry[],
): Promise<AdoptablePage> {
  const own = entries.filter(({ key }) => !isInternalKey(key));
  const counts = {
    ...NO_ADOPTIONS,
    lists: 1,
    objects: own.length,
    bytes: own.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
  const { context, order, request, startedAt } = adopter;
  const named = await context.metadata.whichNamed(
    own.flatMap(({ key }) => spellingsOf(order, key)),
  );
  const candidates: Candidate[] = [];
  for (const entry of own) {
    const owner = explainKey(context.layouts, entry.key);
    if (owner === null) counts.foreign++;
    else if (spellingsOf(order, entry.key).some((key) => named.has(key))) counts.known++;
    else if (isYoung({ startedAt, minAgeMs: request.minAgeMs }, entry.modifiedAt)) counts.young++;
    // What lies there without a row was never a whole file, or is one that was deleted.
    else if ("projectUid" in owner) counts.orphans++;
    else candidates.push({ entry, projectId: owner.projectId });
  }
  const { files, notes, looks } = await filesOf(adopter, candidates);
  return { files, notes, counts: { ...counts, refused: notes.length, looks } };
}

async function filesOf(
  adopter: Adopter,
  candidates: readonly Candidate[],
): Promise<{
  readonly files: readonly AdoptableFile[];
  readonly notes: readonly RunNote[];
  readonly looks: number;
}> {
  const { context, request } = adopter;
  if (candidates.length === 0) return { files: [], notes: [], looks: 0 };
  const now = await context.metadata.now();
  const results: (AdoptableFile | RunNote)[] = [];
  let looks = 0;
  await inPool(LIMITS.adoptLooksInFlight, async (add) => {
    for (const [i, { entry, projectId }] of candidates.entries()) {
      const { key } = entry;
      const note = (code: AdoptionRefusal): RunNote => ({ key, code, projectId });
      // The key as it is: it is the name that people have for the object, and no other object has it.
      const path = pathOrNull(key);
      if (path === null) {
        results[i] = note("invalid-path");
        continue;
      }
      looks++;
      const fileUid = makeUid(now, context.random.bytes(10));
      await add(async () => {
        const head = request.dryRun ? PLANNED : await headOf(adopter, entry);
        results[i] =
          typeof head === "string" ? note(head) : { ...entry, ...head, fileUid, projectId, path };
      });
    }
  });
  const isFile = (result: AdoptableFile | RunNote): result is AdoptableFile => "fileUid" in result;
  return {
    files: results.filter(isFile),
    notes: results.filter((result) => !isFile(result)) as readonly RunNote[],
    looks,
  };
}

type Looked = Pick<AdoptableFile, "etag" | "contentType">;

/** A plan makes no row, so it need not know them. */
const PLANNED: Looked = { etag: "", contentType: "" };

/** What a look at the object tells, which must be the one that the listing showed. */
async function headOf(
  { context, signal }: Adopter,
  { key, sizeBytes, modifiedAt }: ObjectEntry,
): Promise<Looked | AdoptionRefusal> {
  let head: ObjectHead;
  try {
    head = await context.store.head(key, signal);
  } catch (error) {
    if (!isStoreError(error)) throw error;
    signal.throwIfAborted();
    return error.code === "no-such-key" ? "changed" : "unreadable";
  }
  // Some stores tell milliseconds in listings alone.
  const isSame = seconds(head.modifiedAt) === seconds(modifiedAt) && head.sizeBytes === sizeBytes;
  if (!isSame) return "changed";
  const type = head.contentType ?? "";
  return { etag: etagOf(head), contentType: isMediaType(type) ? type : DEFAULT_TYPE };
}

/** Where the store keeps no type of an object (RFC 2046, section 4.5.1). */
const DEFAULT_TYPE = "application/octet-stream";

function seconds(at: Instant): number {
  return Math.floor(at / 1000);
}
