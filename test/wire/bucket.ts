import {
  MemoryObjectStore,
  type MemoryObjectStoreOptions,
} from "../../src/adapters/memory/object-store.ts";
import type { Clock, Random } from "../../src/ports/clock.ts";
import type { ObjectEntry, Page, VersionEntry } from "../../src/ports/object-store.ts";

export interface BucketOptions extends Partial<Omit<MemoryObjectStoreOptions, "random">> {
  /** Whether single versions can be locked; such a bucket keeps versions. */
  readonly objectLock?: boolean;
  /** For how many days each new object is locked: only what is said of it, nothing is locked by it. */
  readonly defaultRetentionDays?: number;
  /** Origins whose pages may send parts. */
  readonly corsOrigins?: readonly string[];
  readonly lifecycle?: readonly LifecycleRule[];
}

export interface LifecycleRule {
  readonly id: string;
  readonly prefix: string;
  readonly expiresAfterDays?: number;
  readonly endsUploadsAfterDays?: number;
}

const MIB = 1024 * 1024;

/** One bucket: a memory store, and what S3 keeps beside the objects. */
export class Bucket {
  readonly name: string;
  readonly createdAt: number;
  /** What the wire shows; a test may look into it, and change it behind the client's back. */
  readonly store: MemoryObjectStore;
  readonly objectLock: boolean;
  readonly defaultRetentionDays: number | null;
  readonly corsOrigins: readonly string[];
  readonly lifecycle: readonly LifecycleRule[];
  /** Versions under legal hold, as `holdName` names them. */
  readonly holds = new Set<string>();
  /** The places in listings that were given out as markers. */
  readonly places = new Map<string, string>();
  /** Uploads that have become objects, with their etags: some stores answer a repetition. */
  readonly completed = new Map<string, string>();
  /** Of keys that were normalised, how they were written last. */
  readonly spellings = new Map<string, string>();

  constructor(name: string, clock: Pick<Clock, "now">, random: Random, options: BucketOptions) {
    const { objectLock = false, corsOrigins = [], lifecycle = [], ...others } = options;
    const { defaultRetentionDays = null, ...store } = others;
    this.name = name;
    this.createdAt = clock.now();
    this.objectLock = objectLock;
    this.defaultRetentionDays = defaultRetentionDays;
    this.corsOrigins = corsOrigins;
    this.lifecycle = lifecycle;
    const versioning = objectLock ? { versioning: "enabled" as const } : {};
    // S3's least size of a part that is not the last.
    this.store = new MemoryObjectStore(clock, {
      random,
      partBytesMin: 5 * MIB,
      ...versioning,
      ...store,
    });
  }

  async versioning(): Promise<"none" | "enabled" | "suspended"> {
    const { versioning } = await this.store.capabilities();
    return versioning === "unknown" ? "none" : versioning;
  }

  /** The newest version or marker of exactly this key; null where there is none. */
  async newest(key: string): Promise<VersionEntry | null> {
    const [first] = await this.versionsOf(key);
    return first ?? null;
  }

  /** Every version and marker of exactly this key, the newest first. */
  async versionsOf(key: string): Promise<readonly VersionEntry[]> {
    if ((await this.versioning()) === "none") return [];
    const found: VersionEntry[] = [];
    let cursor: string | null = null;
    do {
      const from: { cursor?: string } = cursor === null ? {} : { cursor };
      const page: Page<VersionEntry> = await this.store.listVersions(key, from);
      found.push(...page.entries.filter((entry) => entry.key === key));
      // Keys with this prefix that are longer come behind it.
      const isOver = page.entries.some((entry) => entry.key !== key);
      cursor = isOver ? null : page.next;
    } while (cursor !== null);
    return found;
  }

  /** All objects as a listing shows them now: what a stale listing goes on to show. */
  async view(): Promise<readonly ObjectEntry[]> {
    const entries: ObjectEntry[] = [];
    let cursor: string | null = null;
    do {
      const page: Page<ObjectEntry> = await this.store.list("", cursor === null ? {} : { cursor });
      entries.push(...page.entries);
      cursor = page.next;
    } while (cursor !== null);
    return entries;
  }
}

export function holdName(key: string, versionId: string): string {
  return `${key}\0${versionId}`;
}
