import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  type DeleteObjectsCommandOutput,
} from "@aws-sdk/client-s3";
import { LIMITS } from "../../core/limits.ts";
import {
  isStoreError,
  outcomeOf,
  StoreError,
  type StoreErrorClass,
} from "../../core/store-errors.ts";
import type { ResidueOutcome } from "../../core/model.ts";
import type { RemoveResult } from "../../ports/object-store.ts";
import type { Client } from "./client.ts";
import { withContentMd5 } from "./content-md5.ts";
import { UNLISTED } from "./error-table.ts";
import { meaningOf } from "./errors.ts";
import { isPlainInXml, type KeySpace } from "./keys.ts";
import type { Place } from "./place.ts";
import type { ProviderRules } from "./rules.ts";

/** A key, or one version of it. */
export interface Doomed {
  readonly key: string;
  readonly versionId?: string;
}

type Verdict =
  | { readonly result: "gone" }
  | Omit<Extract<RemoveResult, { readonly result: ResidueOutcome }>, "key">;

const GONE: Verdict = { result: "gone" };

const UNMENTIONED: Verdict = {
  result: "unknown",
  retryable: true,
  code: "unlisted-reply",
  message: "The store's reply does not mention this key.",
};

/** Removes keys or versions, and reads every entry of every reply (R5). */
export class Remover {
  readonly #client: Client;
  readonly #keys: KeySpace;
  readonly #rules: ProviderRules;
  #checksum: "crc32" | "content-md5" = "crc32";

  constructor({ client, keys, rules }: Place) {
    this.#client = client;
    this.#keys = keys;
    this.#rules = rules;
  }

  /** What a batch is protected with; the store has shown if it wants the older one. */
  get checksum(): "crc32" | "content-md5" {
    return this.#checksum;
  }

  /** One verdict for each of them, in the order given. They may be the same twice. */
  async remove(doomed: readonly Doomed[], signal?: AbortSignal): Promise<readonly Verdict[]> {
    signal?.throwIfAborted();
    const verdicts = new Map<string, Verdict>();
    const wanted = new Map<string, Doomed>();
    for (const one of doomed) {
      const problem = this.#problem(one);
      if (problem === null) wanted.set(nameOf(one), one);
      else verdicts.set(nameOf(one), problem);
    }
    const { together, alone } = divide([...wanted.values()]);
    const again = together.length > 0 ? await this.#removeBatch(together, verdicts, signal) : [];
    const isOnly = wanted.size === 1;
    await inFlight([...alone, ...again], LIMITS.s3RemovalsInFlight, async (one) => {
      verdicts.set(nameOf(one), await this.#removeOne(one, isOnly, signal));
    });
    return doomed.map((one) => verdicts.get(nameOf(one)) ?? UNMENTIONED);
  }

  #problem({ key, versionId }: Doomed): Verdict | null {
    const message = this.#keys.problem(key);
    if (message !== null) {
      return { result: "failed", retryable: false, code: "invalid-key", message };
    }
    if (versionId === undefined || isId(versionId)) return null;
    // Without an id the request would remove, or hide, the object itself.
    const why = "This is no id of a version.";
    return { result: "failed", retryable: false, code: "bad-request", message: why };
  }

  /**
   * @param verdicts gets what the reply says
   * @returns those that were denied without a word: alone they are told why
   */
  async #removeBatch(
    batch: readonly Doomed[],
    verdicts: Map<string, Verdict>,
    signal: AbortSignal | undefined,
  ): Promise<readonly Doomed[]> {
    const reply = await this.#sendBatch(batch, signal);
    const asked = Map.groupBy(batch, (one) => this.#entryName(one));
    const found = (key: string, versionId: string | undefined): readonly Doomed[] => {
      // Removing a key that has versions is answered with a marker's id, which nobody asked for.
      const byVersion = batch[0]?.versionId !== undefined && versionId !== undefined;
      return asked.get(this.#entryName({ key, ...(byVersion ? { versionId } : {}) }, "")) ?? [];
    };
    for (const { Key = "", VersionId } of reply.Deleted ?? []) {
      for (const one of found(Key, VersionId)) verdicts.set(nameOf(one), GONE);
    }
    const again: Doomed[] = [];
    // Behind the others: an entry that is under both is one that failed.
    for (const { Key = "", VersionId, Code = "", Message = "" } of reply.Errors ?? []) {
      const ones = found(Key, VersionId);
      for (const one of ones) verdicts.set(nameOf(one), verdictOf(Code, Message));
      if (isWordless(Code, Message)) again.push(...ones);
    }
    return again;
  }

  /** By which an entry of a reply is found again: R2 answers with keys that it has normalised. */
  #entryName({ key, versionId }: Doomed, prefix = this.#keys.prefix): string {
    const bucketKey = prefix + key;
    return nameOf({
      key: this.#rules.keyNormalisation === "nfc" ? bucketKey.normalize("NFC") : bucketKey,
      ...(versionId === undefined ? {} : { versionId }),
    });
  }

  async #sendBatch(
    batch: readonly Doomed[],
    signal: AbortSignal | undefined,
  ): Promise<DeleteObjectsCommandOutput> {
    if (this.#checksum === "content-md5") return await this.#ask(batch, "content-md5", signal);
    try {
      return await this.#ask(batch, "crc32", signal);
    } catch (error) {
      if (!mayWantContentMd5(error)) throw error;
      const reply = await this.#ask(batch, "content-md5", signal);
      this.#checksum = "content-md5";
      return reply;
    }
  }

  async #ask(
    batch: readonly Doomed[],
    checksum: "crc32" | "content-md5",
    signal: AbortSignal | undefined,
  ): Promise<DeleteObjectsCommandOutput> {
    const command = new DeleteObjectsCommand({
      Bucket: this.#client.bucket,
      Delete: {
        Objects: batch.map(({ key, versionId }) => ({
          Key: this.#keys.of(key),
          ...(versionId === undefined ? {} : { VersionId: versionId }),
        })),
      },
    });
    if (checksum === "content-md5") withContentMd5(command);
    const options = signal === undefined ? {} : { abortSignal: signal };
    return await this.#client.ask("DeleteObjects", options, (call) =>
      this.#client.s3.send(command, call),
    );
  }

  /** @param isOnly whether nothing else is known that a failure of this request would hide */
  async #removeOne(
    { key, versionId }: Doomed,
    isOnly: boolean,
    signal: AbortSignal | undefined,
  ): Promise<Verdict> {
    const command = new DeleteObjectCommand({
      Bucket: this.#client.bucket,
      Key: this.#keys.of(key),
      ...(versionId === undefined ? {} : { VersionId: versionId }),
    });
    const options = signal === undefined ? {} : { abortSignal: signal };
    try {
      await this.#client.ask("DeleteObject", options, (call) =>
        this.#client.s3.send(command, call),
      );
      return GONE;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (error.code === "no-such-key") return GONE;
      const isPassing = error.errorClass === "retryable" || error.errorClass === "unknown";
      if (isOnly && isPassing) throw error;
      return residue(error.code, error.errorClass, error.message);
    }
  }
}

/** What one entry under `Errors` says of its key. */
export function verdictOf(code: string, text: string): Verdict {
  const [storeCode, errorClass, message] = meaningOf(code, text) ?? UNLISTED;
  if (storeCode === "no-such-key") return GONE;
  return residue(storeCode, errorClass, `${message}.`);
}

function residue(code: StoreError["code"], errorClass: StoreErrorClass, message: string): Verdict {
  return { result: outcomeOf(errorClass), retryable: errorClass === "retryable", code, message };
}

/**
 * Whether a batch may have been refused for its checksum alone: R2 answered 501 to CRC32 until 2025,
 * older stores say that Content-MD5 is missing or that a header is none that they know. One more
 * request finds out, and nothing was removed by the first.
 */
function mayWantContentMd5(error: unknown): boolean {
  return isStoreError(error, "not-supported") || isStoreError(error, "bad-request");
}

/**
 * Ceph 16.2 says in a batch that a locked object is denied and no more; to a request for it alone it
 * says "forbidden by object lock".
 */
function isWordless(code: string, text: string): boolean {
  return code === "AccessDenied" && (text === "" || text === code);
}

/** What no XML carries as it is goes by a request of its own, and so does what is alone anyway. */
function divide(doomed: readonly Doomed[]): {
  readonly together: readonly Doomed[];
  readonly alone: readonly Doomed[];
} {
  const plain = doomed.filter(({ key }) => isPlainInXml(key));
  if (plain.length < 2) return { together: [], alone: doomed };
  return { together: plain, alone: doomed.filter(({ key }) => !isPlainInXml(key)) };
}

function nameOf({ key, versionId }: Doomed): string {
  return JSON.stringify([key, versionId ?? null]);
}

/** Ids of S3 are visible ASCII; anything else might be cut off on its way, or be none. */
export function isId(text: string): boolean {
  return /^[\u0021-\u007e]{1,1024}$/.test(text);
}

async function inFlight<T>(
  items: readonly T[],
  width: number,
  run: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  const worker = async (): Promise<void> => {
    for (const item of waiting) await run(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
}
