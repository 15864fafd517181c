import { MemoryMetadataStore } from "../../src/adapters/memory/metadata-store.ts";
import { MemoryObjectStore } from "../../src/adapters/memory/object-store.ts";
import { DEFAULT_ID_FORMAT } from "../../src/core/ids.ts";
import { canonicalPrefix } from "../../src/core/keys.ts";
import { createLayoutSet } from "../../src/core/layouts/index.ts";
import { isStoreError } from "../../src/core/store-errors.ts";
import { checkedMetadata } from "./checked-metadata.ts";
import { ReceiptChecks } from "./checked-receipts.ts";
import { ask, OWNER } from "./clients.ts";
import { checkEnd, hasEnded } from "./end-checks.ts";
import { NO_FAULTS } from "./faults.ts";
import { Fleet } from "./fleet.ts";
import { contentOf, type Ground, Losses, Violations } from "./model.ts";
import { piece } from "./ports.ts";
import type { Chance, Injected } from "./process.ts";
import { SIGNER, URL_SIGNER } from "./signers.ts";
import { World } from "./world.ts";

/** One deletion, and what its project holds. */
export interface Scenario {
  readonly name: string;
  /** Undone once before it is requested for good, and purged after this. */
  readonly graceMs: number;
  readonly undone: boolean;
  readonly versioned: boolean;
  readonly pageKeys: number;
  readonly files: number;
  /** Uploads that are open with a part, besides the one that is completing. */
  readonly openUploads: number;
}

const PLAIN: Scenario = {
  name: "plain",
  graceMs: 0,
  undone: false,
  versioned: false,
  pageKeys: 1000,
  files: 1,
  openUploads: 1,
};

export const SCENARIOS: readonly Scenario[] = [
  PLAIN,
  { ...PLAIN, name: "grace and undo", graceMs: 60_000, undone: true },
  { ...PLAIN, name: "versioned store", versioned: true },
  { ...PLAIN, name: "many pages", pageKeys: 1, files: 2 },
  { ...PLAIN, name: "several open uploads", openUploads: 3 },
];

/** The Complete of the upload that was completing, sent by a process that is dead, lands before a call. */
export const LATE_COMPLETE = "complete-lands";

/** What happens at one call of the worker's, counted from 0. */
export interface Injection {
  readonly at: number;
  readonly fault: Injected | typeof LATE_COMPLETE;
}

export interface Run {
  /** The calls that faults were counted by. */
  readonly calls: readonly string[];
  readonly violations: readonly string[];
}

/** What a scan asks for: it is repeated every few seconds, and nothing depends on one of them. */
const SCANNING: ReadonlySet<string> = new Set([
  "db.dueDeletions",
  "db.dueRemovals",
  "db.forgetCommitted",
  "db.staleUploads",
  "db.uncopiedReceipts",
  "db.uncopiedAmendments",
  "db.expiredProjects",
  "db.dueSettles",
  "db.enqueue",
]);

const STORE_WRITES: ReadonlySet<string> = new Set([
  "put",
  "remove",
  "removeVersions",
  "abortUpload",
]);
const LATENESS_MS = 2 * 3_600_000;
const RESTART_MS = 1000;
/** A process serves once it has looked for tombstones. */
const START_MS = 1000;
const SETUP_MS = 120_000;
const BOUND_MS = 12 * 3_600_000;
const STEP_MS = 10_000;
const ID = "p1";
const UID = "00".padEnd(26, "a");

/** What can happen to a call: a late or double effect only to one that has any. */
export function injectionsFor(call: string): readonly Injected[] {
  const always: readonly Injected[] = ["crash-before", "crash-after", "lost"];
  if (call.startsWith("db.")) return [...always, "busy"];
  const name = call.slice("store.".length);
  if (!STORE_WRITES.has(name)) return [...always, "refused"];
  const isRemoval = name.startsWith("remove");
  return [...always, "refused", "late", "twice", ...(isRemoval ? (["partial"] as const) : [])];
}

const LAYOUTS = createLayoutSet(DEFAULT_ID_FORMAT, [{ name: "old", template: "old/{project}/**" }]);

/** Plays the scenario with these faults; it must end with exactly one receipt and no violation. */
export async function playInjected(
  scenario: Scenario,
  injections: readonly Injection[],
): Promise<Run> {
  return await new Play(scenario, injections).run();
}

class Play {
  readonly #scenario: Scenario;
  readonly #injections: readonly Injection[];
  readonly #world = new World(1);
  readonly #ground: Ground;
  readonly #fleet: Fleet;
  readonly #receipts: ReceiptChecks;
  readonly #calls: string[] = [];
  #complete: () => Promise<void> = () => Promise.resolve();

  constructor(scenario: Scenario, injections: readonly Injection[]) {
    this.#scenario = scenario;
    this.#injections = injections;
    const chance: Chance = {
      rates: NO_FAULTS,
      hits: new Map(),
      calls: 0,
      latenessMs: LATENESS_MS,
      decide: (process, call) => this.#decide(process, call),
      crash: (slot) => this.#crash(slot),
    };
    this.#ground = groundOf(this.#world, scenario);
    this.#receipts = new ReceiptChecks(this.#ground, SIGNER);
    this.#fleet = new Fleet({
      ground: this.#ground,
      database: checkedMetadata(this.#ground, this.#receipts),
      chance,
      signer: SIGNER,
      urlSigner: URL_SIGNER,
      mutant: undefined,
      doubleJobs: 0,
    });
  }

  async run(): Promise<Run> {
    this.#fleet.start("api");
    const settingUp = this.#world.pause(START_MS).then(() => this.#setUp());
    await Promise.all([settingUp, this.#world.run(SETUP_MS)]);
    this.#fleet.start("worker");
    const until = this.#world.elapsedMs + BOUND_MS;
    while (this.#world.elapsedMs < until && !this.#isOver()) {
      await this.#world.run(this.#world.elapsedMs + STEP_MS);
    }
    checkEnd(this.#ground);
    await this.#receipts.check();
    const { found } = this.#ground.violations;
    const violations = found.map(({ invariant, what }) => `${invariant} ${what}`);
    if (this.#receipts.count !== 1)
      violations.push(`I5 there are ${this.#receipts.count} receipts`);
    return { calls: this.#calls, violations };
  }

  #isOver(): boolean {
    return this.#receipts.count > 0 && hasEnded(this.#ground);
  }

  #decide(process: string, call: string): Injected | null {
    if (!process.startsWith("worker") || SCANNING.has(call)) return null;
    const at = this.#calls.push(call) - 1;
    const fault = this.#injections.find((one) => one.at === at)?.fault ?? null;
    if (fault !== LATE_COMPLETE) return fault;
    void this.#complete();
    return null;
  }

  /** The worker dies where it stands, and another one goes on. */
  #crash(slot: string): void {
    this.#fleet.kill(slot);
    this.#world.schedule(RESTART_MS, () => this.#fleet.start(slot));
  }

  /** Files by a client, uploads left open and completing, and what lies there beside expunge. */
  async #setUp(): Promise<void> {
    const { metadata, objects } = this.#ground;
    const { openUploads, files, graceMs, undone } = this.#scenario;
    const rest = { metadata: {}, quotaBytes: null, ttlMs: null, expiresAt: null };
    await metadata.createProject({ id: ID, uid: UID, name: ID, owner: OWNER.subject, ...rest });
    const prefix = canonicalPrefix(UID);
    for (const key of [`${prefix}stray`, `old/${ID}/a`, `old/${ID}0/other`]) {
      await objects.put(key, contentOf(key));
    }
    await objects.createUpload(`${prefix}stray-upload`, "x/y");
    for (let i = 0; i < files; i++) await this.#put(`file-${i}`);
    for (let i = 0; i <= openUploads; i++) await this.#openUpload(i);
    const request = () =>
      ask(
        this.#ground,
        () => this.#fleet.services("api"),
        ({ deletions }) => deletions.request(OWNER, ID, { graceMs: undone ? SETUP_MS : graceMs }),
      );
    this.#ground.projects[0] = {
      id: ID,
      uid: UID,
      files: new Map(),
      planted: new Map(),
      adopted: new Set(),
      deletionRequested: true,
      purgeNotBefore: this.#world.nowMs + graceMs,
    };
    await request();
    if (!undone) return;
    await this.#services.deletions.restore(OWNER, ID);
    await this.#services.deletions.request(OWNER, ID, { graceMs });
  }

  get #services() {
    const services = this.#fleet.services("api");
    if (!services) throw new Error("the API process is dead");
    return services;
  }

  async #put(path: string): Promise<void> {
    const bytes = contentOf(path);
    await this.#services.files.put(OWNER, ID, {
      path,
      body: piece(bytes),
      sizeBytes: bytes.length,
      contentType: "text/plain",
      metadata: {},
      checksums: {},
    });
  }

  /** The first is left as `completing`, as by a process that died before its Complete. */
  async #openUpload(number: number): Promise<void> {
    const bytes = contentOf(`upload ${number}`);
    const input = { path: `open-${number}`, sizeBytes: bytes.length };
    const { id, key, storeUploadId } = await this.#services.uploads.open(OWNER, ID, {
      ...input,
      contentType: "text/plain",
      metadata: {},
    });
    const part = { body: piece(bytes), sizeBytes: bytes.length };
    const { objects, metadata } = this.#ground;
    const { etag } = await objects.uploadPart(key, storeUploadId ?? "", 1, part);
    if (number > 0) return;
    await metadata.beginCompleting(id);
    this.#complete = async () => {
      try {
        await objects.completeUpload(key, storeUploadId ?? "", [
          { partNumber: 1, etag, sizeBytes: bytes.length },
        ]);
      } catch (error) {
        // The abort came first: then it makes nothing.
        if (!isStoreError(error, "no-such-upload")) throw error;
      }
    };
  }
}

function groundOf(world: World, { versioned, pageKeys }: Scenario): Ground {
  const clock = { now: () => world.nowMs };
  const random = { bytes: (length: number) => world.rng.bytes(length) };
  return {
    world,
    objects: new MemoryObjectStore(clock, {
      random,
      pageKeys,
      versioning: versioned ? "enabled" : "none",
    }),
    metadata: new MemoryMetadataStore({ ...clock, sleep: () => Promise.resolve() }),
    layouts: LAYOUTS,
    cdn: null,
    projects: [],
    restored: null,
    returned: new Map(),
    blockedBy: new Map(),
    versioned,
    isPaged: false,
    playing: 0,
    violations: new Violations(),
    losses: new Losses(),
    lostBeside: new Losses(),
    uploadsLost: new Losses(),
    partsLost: new Losses(),
    hits: new Map(),
  };
}
