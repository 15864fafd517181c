import type { Instant } from "../../core/model.ts";
import type { VersionEntry } from "../../ports/object-store.ts";
import { SortedKeys } from "./sorted-keys.ts";

export interface StoredObject {
  readonly bytes: Uint8Array;
  readonly etag: string;
  readonly modifiedAt: Instant;
  readonly contentType?: string;
}

/** An object, or a marker where `object` is null. */
interface Version {
  readonly versionId: string;
  /** Newer ones have larger numbers. */
  readonly serial: number;
  readonly object: StoredObject | null;
  readonly modifiedAt: Instant;
}

export type Versioning = "none" | "enabled" | "suspended";

/** What S3 calls the one version of an object that was written while versioning was not enabled. */
const NULL_VERSION = "null";

/**
 * The objects of the store with their versions. As on S3, a write or a removal adds to the stack of
 * its key while versioning is enabled; else it takes the place of the version `null`.
 * Source: AWS S3 user guide, "Adding objects to versioning-suspended buckets" and "Deleting object
 * versions from a versioning-enabled bucket".
 */
export class ObjectVersions {
  versioning: Versioning;
  /** Of each key the newest first; no stack is empty. */
  readonly #stacks = new Map<string, Version[]>();
  /** Keys whose newest version is an object. */
  readonly #live = new SortedKeys();
  readonly #all = new SortedKeys();
  #serial = 0;

  constructor(versioning: Versioning) {
    this.versioning = versioning;
  }

  find(key: string): StoredObject | null {
    return this.#stacks.get(key)?.[0]?.object ?? null;
  }

  write(key: string, object: StoredObject): void {
    this.#push(key, object, object.modifiedAt);
  }

  /** Removes the object, or hides it where versions are kept. */
  remove(key: string, now: Instant): void {
    if (this.versioning !== "none") this.#push(key, null, now);
    else this.removeVersion(key, NULL_VERSION);
  }

  removeVersion(key: string, versionId: string): void {
    const left = this.#stacks.get(key)?.filter((version) => version.versionId !== versionId) ?? [];
    this.#set(key, left);
  }

  liveKeys(): readonly string[] {
    return this.#live.all();
  }

  /** Keys that show an object, with the prefix, after one (null: from the first), in order. */
  liveBelow(prefix: string, after: string | null): Generator<string> {
    return this.#live.below(prefix, after);
  }

  /** Versions with their positions, after one (null: from the first): by key, the newest first. */
  *versionsBelow(prefix: string, after: string | null): Generator<[string, VersionEntry]> {
    const split = after?.lastIndexOf("/") ?? -1;
    const key = after?.slice(0, split) ?? null;
    if (key !== null) yield* this.#versionsOf(key, Number(after?.slice(split + 1)));
    for (const next of this.#all.below(prefix, key)) yield* this.#versionsOf(next);
  }

  *#versionsOf(key: string, before = Number.POSITIVE_INFINITY): Generator<[string, VersionEntry]> {
    for (const [i, version] of (this.#stacks.get(key) ?? []).entries()) {
      const { versionId, serial, object, modifiedAt } = version;
      if (serial >= before) continue;
      const sizeBytes = object?.bytes.length ?? 0;
      const isDeleteMarker = object === null;
      const isLatest = i === 0;
      yield [
        `${key}/${serial}`,
        { key, versionId, isDeleteMarker, isLatest, sizeBytes, modifiedAt },
      ];
    }
  }

  #push(key: string, object: StoredObject | null, modifiedAt: Instant): void {
    const serial = ++this.#serial;
    const before = this.#stacks.get(key) ?? [];
    if (this.versioning === "enabled") {
      this.#set(key, [{ versionId: `v${serial}`, serial, object, modifiedAt }, ...before]);
      return;
    }
    const others = before.filter(({ versionId }) => versionId !== NULL_VERSION);
    this.#set(key, [{ versionId: NULL_VERSION, serial, object, modifiedAt }, ...others]);
  }

  #set(key: string, stack: Version[]): void {
    if (stack.length > 0) {
      this.#stacks.set(key, stack);
      this.#all.add(key);
    } else {
      this.#stacks.delete(key);
      this.#all.remove(key);
    }
    if (stack[0]?.object) this.#live.add(key);
    else this.#live.remove(key);
  }
}
