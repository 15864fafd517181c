import { readFileSync, writeFileSync } from "node:fs";
import type { AuditJson, FindingJson } from "../../src/http/schema/index.ts";
import { SqlEye } from "../../test/crash/eyes.ts";
import { startPostgres } from "../../test/servers/postgres.ts";
import { runCli, type ServiceProcess, temporaryDir } from "../../test/support/service-process.ts";
import { expungeVersion, thisMachine } from "../machine.ts";
import { Others } from "../others.ts";
import { published, startService } from "../service.ts";
import { bucketPlace, localPlace, type Place } from "./place.ts";
import { plant, type Planted } from "./plant.ts";
import { linesOf, reportOf, type Turn } from "./report.ts";
import { Writers } from "./writers.ts";

export interface AuditBenchOptions {
  readonly objects: number;
  readonly store: "local" | "s3";
  /** A `postgres://` URL of an empty database, or null for a server of its own. */
  readonly database: string | null;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

/**
 * With much memory at hand V8 lets garbage lie: what is bounded here is what an audit needs. Half of what
 * stays is the code of the service.
 */
export const NODE_ARGS = ["--max-semi-space-size=2", "--max-old-space-size=96"] as const;

/** Runs the benchmark and prints it; answers the exit code. */
export async function benchAudit(options: AuditBenchOptions): Promise<number> {
  const machine = thisMachine();
  const others = new Others();
  await using directory = await temporaryDir();
  await using place = options.store === "s3" ? await bucketPlace() : localPlace(directory.path);
  const script = await published();
  await using server = await openDatabase(options.database);
  const { url } = server;
  const how = { env: place.env, nodeArgs: NODE_ARGS, script };
  const service = await startService(directory.path, url, how);
  try {
    const bench = new Bench(service, new SqlEye(url), place, options);
    const found = await bench.run();
    const facts = {
      machine,
      version: await expungeVersion(),
      nodeArgs: NODE_ARGS,
      otherCores: others.cores(),
    };
    const report = reportOf({ ...facts, ...found, place: place.name, options });
    console.log(options.json ? JSON.stringify(report, null, 2) : linesOf(report).join("\n"));
    for (const problem of report.problems) console.error(`problem: ${problem}`);
    return report.problems.length === 0 ? 0 : 1;
  } finally {
    await service.stop();
  }
}

/** The one that is named, or a server of its own that goes with this run. */
async function openDatabase(
  given: string | null,
): Promise<AsyncDisposable & { readonly url: string }> {
  if (given !== null) return { url: given, [Symbol.asyncDispose]: async () => {} };
  const { url, stop } = await startPostgres();
  return { url, [Symbol.asyncDispose]: stop };
}

class Bench {
  readonly #service: ServiceProcess;
  readonly #eye: SqlEye;
  readonly #place: Place;
  readonly #options: AuditBenchOptions;
  readonly #problems: string[] = [];
  readonly #turns: Turn[] = [];

  constructor(service: ServiceProcess, eye: SqlEye, place: Place, options: AuditBenchOptions) {
    this.#service = service;
    this.#eye = eye;
    this.#place = place;
    this.#options = options;
  }

  async run(): Promise<{
    readonly rows: number;
    readonly uploads: number;
    readonly turns: readonly Turn[];
    readonly problems: readonly string[];
  }> {
    const { objects, signal } = this.#options;
    console.error(`planting ${objects} objects`);
    const planted = await plant(this.#service, this.#eye, this.#place, objects, signal);
    const { keys, wrongBytes } = planted;
    const unread = { ...keys, mismatched: without(keys.mismatched, wrongBytes) };
    await this.#audit("compare", unread, []);
    const writers = await Writers.start(this.#service);
    const orphans = ["--fix", "orphans", "--yes"];
    await this.#audit("remove orphans while uploads go on", unread, orphans);
    const left = { ...unread, orphan: new Set<string>(), "stale-upload": new Set<string>() };
    await this.#audit("remove dangling rows while uploads go on", left, [
      "--fix",
      "dangling",
      "--yes",
    ]);
    const paths = await writers.stop();
    await this.#look(planted, paths);
    const last = { ...left, dangling: new Set<string>(), mismatched: keys.mismatched };
    await this.#audit("compare, and read every byte", last, ["--read-data-subset", "100%"]);
    const [turns, problems] = [this.#turns, this.#problems];
    return { rows: planted.rows, uploads: paths.length, turns, problems };
  }

  /** One audit of the service, by the command line; what it finds must be just what is expected. */
  async #audit(name: string, expected: Planted["keys"], more: readonly string[]): Promise<void> {
    this.#options.signal.throwIfAborted();
    const { flags, pid } = this.#service;
    forgetPeak(pid);
    const argv = ["audit", "--min-age", "0s", ...more, "--json", ...flags];
    const ended = await runCli(argv);
    if (ended.code !== 4) throw new Error(`${name}: exit code ${ended.code}: ${ended.stderr}`);
    const peakRssBytes = memoryOf(pid, "VmHWM");
    const audit = JSON.parse(ended.stdout) as AuditJson;
    if (!audit.complete) this.#problems.push(`${name}: not complete`);
    const listed = await runCli(["audit", "--id", audit.id, "--ndjson", ...flags]);
    const findings = listed.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as FindingJson);
    this.#compare(name, expected, findings);
    const wanted = audit.fix === "none" ? 0 : mendedOf(audit.fix, expected);
    const { fixed } = audit.fixes;
    if (fixed !== wanted) this.#problems.push(`${name}: mended ${fixed} of ${wanted}`);
    const { seconds, objects, read } = audit;
    const turn = { name, seconds, objects, read, findings: findings.length, fixed, peakRssBytes };
    this.#turns.push(turn);
    console.error(`${name}: ${findings.length} findings, ${seconds} s, ${peakRssBytes} bytes`);
  }

  #compare(name: string, expected: Planted["keys"], findings: readonly FindingJson[]): void {
    const tell = (what: string, keys: Iterable<string>): void => {
      const all = [...keys];
      if (all.length === 0) return;
      this.#problems.push(`${name}: ${what} ${all.length}, such as ${all[0]}`);
    };
    const wanted = new Set(
      Object.entries(expected).flatMap(([kind, keys]) => [...keys].map((key) => `${kind} ${key}`)),
    );
    const found = new Set(findings.map(({ kind, key }) => `${kind} ${key}`));
    tell("did not find", without(wanted, found));
    tell("found beside", without(found, wanted));
    if (found.size !== findings.length) this.#problems.push(`${name}: found something twice`);
  }

  /** Exactly what was planned is gone, and every file that was acknowledged meanwhile is there. */
  async #look(planted: Planted, paths: readonly string[]): Promise<void> {
    const rows = await this.#eye.query<{ path: string; key: string }>(
      "select path, key from expunge.files where project_uid = (select uid from expunge.projects where id = $1)",
      [Writers.project],
    );
    const written = new Map(rows.map(({ path, key }) => [path, key]));
    const missing = paths.filter((path) => !written.has(path));
    if (missing.length > 0) this.#problems.push(`${missing.length} uploads have no row`);
    const kept = without(planted.objects, planted.keys.orphan);
    const expected = new Set([...kept, ...written.values()]);
    const there = await this.#place.keys();
    const gone = without(expected, there);
    if (gone.size > 0) this.#problems.push(`${gone.size} objects are gone that were not planned`);
    const stayed = without(there, expected);
    if (stayed.size > 0)
      this.#problems.push(`${stayed.size} objects are there that should be gone`);
    const open = await this.#place.uploads();
    const uploads = without(planted.uploads, without(planted.uploads, open));
    if (uploads.size > 0) this.#problems.push(`${uploads.size} stale uploads are there still`);
    const sql = "select uid from expunge.files where key = any($1)";
    const dangling = await this.#eye.query(sql, [[...planted.keys.dangling]]);
    if (dangling.length > 0)
      this.#problems.push(`${dangling.length} dangling rows are there still`);
  }
}

/** Those of the first set that are not in the second. */
function without(one: ReadonlySet<string>, other: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...one].filter((text) => !other.has(text)));
}

function mendedOf(fix: "orphans" | "dangling", expected: Planted["keys"]): number {
  if (fix === "dangling") return expected.dangling.size;
  return expected.orphan.size + expected["stale-upload"].size;
}

/** The high-water mark of a process begins anew (proc(5)). */
function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

function memoryOf(pid: number, field: "VmHWM"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0) * 1024;
}
