import { PORT_MUTANTS } from "./port-mutants.ts";
import type { SourceChange } from "./source-change.ts";

export interface Mutant {
  readonly name: string;
  /** Absent where it is put in at a port. */
  readonly change?: SourceChange;
  /** Within so many seeds it must be found out; by experience with a margin. */
  readonly seedsMax?: number;
  /** Where the hunt begins, 1 by default: one that few seeds find out need not be hunted for a minute. */
  readonly firstSeed?: number;
  /** Found out where a Complete lands before each call of one deletion, not by seeds. */
  readonly isOfRace?: boolean;
}

/** Seeds within which most mutants are found out many times over. */
export const MUTANT_SEEDS_MAX = 3000;
/** So many show no difference. */
const REDUNDANT_SEEDS = 1500;

const PURGE = "src/services/purge";
const ROWS = "src/adapters/memory/metadata";

/** Each is one wrong line of the protocol. */
const SOURCE_MUTANTS: readonly Mutant[] = [
  {
    name: "what the verification found is passed over",
    change: { file: `${PURGE}/verify.ts`, from: "if (found.length > 0) {", to: "if (false) {" },
  },
  {
    name: "a surface that cannot be listed counts as empty (defect 9)",
    change: {
      file: `${PURGE}/verify.ts`,
      from: "    found.push(...seen);\n  } catch (error) {\n    if (!(error instanceof StoreError) || run.signal.aborted) throw error;\n    found.push(unknownSurface(surface, prefix, error));",
      to: "    found.push(...seen);\n  } catch (error) {\n    if (!(error instanceof StoreError) || run.signal.aborted) throw error;",
    },
  },
  {
    name: "an error ends a purge and is told to nobody (defect 11)",
    change: {
      file: `${PURGE}/purge.ts`,
      from: "return await blockAfter(run, error);",
      to: 'return "blocked";',
    },
  },
  {
    name: "a blocked deletion is tried again in thirty years",
    change: {
      file: `${PURGE}/purge.ts`,
      from: "{ ...cause, retryInMs });\n  await",
      to: "{ ...cause, retryInMs: 1e12 });\n  await",
    },
  },
  {
    name: "the log of removals is written after the request (R5)",
    change: {
      file: `${PURGE}/sweep.ts`,
      from: "  await run.record.page(surface, units);\n  const keys = entries.map(({ key }) => key);\n  const removed = await removeKeys(run.context, keys, run.signal);",
      to: "  const keys = entries.map(({ key }) => key);\n  const removed = await removeKeys(run.context, keys, run.signal);\n  await run.record.page(surface, units);",
    },
  },
  {
    name: "an upload that became an object counts as both",
    change: {
      file: `${PURGE}/fence.ts`,
      from: 'await run.record.retract("multipart", uploadUnit(upload.key, upload.storeUploadId));',
      to: "",
    },
    // It takes a Complete that lands between the log and the abort: a few in 100,000 schedules.
    isOfRace: true,
  },
  {
    name: "only the first page of a listing is read (defect 6)",
    change: {
      file: "src/services/listing.ts",
      from: "if (page.next === null) return;",
      to: "return;",
    },
  },
  {
    name: "a listing that goes in a circle is followed for ever",
    change: {
      file: "src/services/listing.ts",
      from: "if (page.next !== null && isRepeated)",
      to: "if (page.next !== null && count > 1e9)",
    },
  },
  {
    name: "the row of a file's removal goes whatever failed (defect 7)",
    change: {
      file: "src/services/files/removals.ts",
      from: "results.filter(({ verified }) => verified)",
      to: "results",
    },
  },
  {
    name: "two files share a key (defect 4)",
    change: {
      file: "src/services/uploads/making.ts",
      from: "  const fileUid = await newUid(context);\n",
      to: '  const fileUid = "0".padEnd(26, path.endsWith("1") ? "a" : "b");\n',
    },
  },
  {
    name: "an upload that is given up is not aborted in the store",
    change: {
      file: "src/services/uploads/ending.ts",
      from: "if (upload.storeUploadId !== null) await abortInStore(context, upload.key, upload.storeUploadId);",
      to: "",
    },
    seedsMax: 20_000,
    firstSeed: 6200,
  },
  {
    name: "a request larger than allowed goes through",
    change: {
      file: "src/services/deletions.ts",
      from: 'if (options.maxObjects !== undefined && project.state !== "deleting") {',
      to: "if (options.maxObjects === -1) {",
    },
  },
  {
    name: "every caller sees every project (I10)",
    change: {
      file: "src/core/caller.ts",
      from: "return isAdmin(caller) || caller.subject === owner;",
      to: "return true;",
    },
  },
  {
    name: "an undo is allowed once the purge has begun",
    change: {
      file: "src/core/deletion.ts",
      from: 'deleting: { swept: "verifying" },',
      to: 'deleting: { swept: "verifying", restored: "restored" },',
    },
  },
  {
    name: "claims have no fencing token",
    change: { file: `${ROWS}/purge.ts`, from: "row.token !== token ||", to: "" },
  },
  {
    name: "the claim of a dead worker stands for ever",
    change: {
      file: `${ROWS}/deletions.ts`,
      from: "row.attempts++;\n  row.leaseUntil = tx.now + leaseMs;",
      to: "row.attempts++;\n  row.leaseUntil = tx.now + leaseMs * 1e9;",
    },
  },
  {
    name: "a commit does not look whether the project is active (R1)",
    change: {
      file: `${ROWS}/uploads.ts`,
      from: "const project = activeProject(tx, upload.projectUid);",
      to: "const project = tx.rows.projects.get(upload.projectUid);",
    },
    firstSeed: 2500,
  },
  {
    name: "an upload is recorded for a project that is being deleted (R1)",
    change: {
      file: `${ROWS}/uploads.ts`,
      from: "const project = activeProject(tx, input.projectUid);\n  sizeWith",
      to: "const project = tx.rows.projects.get(input.projectUid);\n  sizeWith",
    },
  },
  {
    name: "tombstones are not held against the database (R11)",
    change: {
      file: "src/services/restore-guard.ts",
      from: "if (closed.has(uid)) continue;",
      to: "continue;",
    },
  },
  {
    name: "the receipt of a restored database's project is issued again (I7)",
    change: {
      file: `${ROWS}/tombstones.ts`,
      from: "if (receipt === null) return;",
      to: "return;",
    },
  },
  {
    name: "a tombstone is written after the first removal",
    change: {
      file: `${PURGE}/purge.ts`,
      from: 'if (deletion.tombstoneKey === null) await stage("tombstone", () => writeTombstone(run, start));',
      to: "",
    },
  },
  {
    name: "what came back is removed and stated nowhere (I12)",
    change: {
      file: `${PURGE}/settle.ts`,
      from: "metadata.recordReturned(id, token, surface, entriesOf(salt, surface, units)),",
      to: "Promise.resolve(),",
    },
  },
  {
    name: "a look that could not be finished is over",
    change: {
      file: `${ROWS}/settles.ts`,
      from: "if (left === null || totalOf(left) > 0) {",
      to: "if (totalOf(left) > 1e9) {",
    },
    seedsMax: 20_000,
  },
  {
    name: "nobody looks at a completed deletion again",
    change: {
      file: "src/services/worker.ts",
      from: "await metadata.dueSettles(LIMITS.scanItems)",
      to: "await metadata.dueSettles(0)",
    },
  },
  {
    name: "an expired project goes although it was prolonged or held",
    change: {
      file: `${ROWS}/projects.ts`,
      from: 'return state === "active" && hold === null && expiresAt !== null && expiresAt <= now;',
      to: 'return state === "active" && expiresAt !== null && hold === hold && now === now;',
    },
  },
  {
    name: "what a CDN shows is not written down before its object is removed",
    change: {
      file: `${PURGE}/cdn.ts`,
      from: 'if (surface !== "multipart") {',
      to: "if (false) {",
    },
  },
  {
    name: "a purge that the CDN did not take counts as accepted",
    change: {
      file: "src/services/cdn.ts",
      from: 'if (answer.result === "accepted") return null;',
      to: "if (true) return null;",
    },
  },
];

export const MUTANTS: readonly Mutant[] = [
  ...PORT_MUTANTS.map(({ name }) => ({ name })),
  ...SOURCE_MUTANTS,
];

/**
 * Wrong lines that change nothing, because another rule covers the same: genuine redundancies, kept
 * since each is the cheaper or the earlier of the two, and shown here to be no more than that.
 */
export const REDUNDANCIES: readonly Mutant[] = [
  {
    // Replies are progress and no evidence: what a reply leaves out, the next listing shows.
    name: "a key that a reply does not mention counts as gone: the verification lists it (R5, R6)",
    seedsMax: REDUNDANT_SEEDS,
    change: {
      file: "src/services/removing.ts",
      from: '        result: "unknown",\n        retryable: true,\n        code: "unlisted-reply",\n        message: "the store\'s reply does not mention this key",',
      to: '        result: "gone",',
    },
  },
  {
    // The row is the truth, and the scan finds it within seconds.
    name: "the job that wakes a worker is not queued: the scan finds the deletion",
    seedsMax: REDUNDANT_SEEDS,
    change: {
      file: "src/services/deletions.ts",
      from: 'await jobs.enqueue("purge", { deletionId: deletion.id }, { key: deletion.id, delayMs });',
      to: "void delayMs;",
    },
  },
];
