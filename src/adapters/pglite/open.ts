import { existsSync } from "node:fs";
import { open as openFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import type { Dialect } from "kysely";
import { ExpungeError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import { withBaselineCode } from "./baseline-code.ts";
import { unpackBlankCluster } from "./blank-cluster.ts";
import { EmbeddedDialect } from "./dialect.ts";
import { DurableFs } from "./durable-fs.ts";
import { lockDirectory } from "./lock.ts";
import { Mutex } from "./mutex.ts";
import { SharedSession } from "./shared-session.ts";

export interface EmbeddedDatabase {
  readonly pglite: PGlite;
  /** For kysely: transactions and statements take turns with all else that uses the session. */
  readonly dialect: Dialect;
  /** For who speaks SQL to the same session past kysely (the job queue). */
  readonly session: SharedSession;
  /** How often something was put on the disk. */
  readonly fsyncs: () => number;
  /** There is no autovacuum here: whoever loads much says so (`Upkeep`). */
  analyze(): Promise<void>;
  vacuum(): Promise<void>;
  close(): Promise<void>;
}

/** PGlite's own parameters but for `-F`, which would turn every fsync off. */
const START_PARAMETERS = [
  ...PGlite.defaultStartParams.filter((parameter) => parameter !== "-F"),
  ...["fsync=on", "wal_sync_method=fsync", "full_page_writes=on", "synchronous_commit=on"].flatMap(
    (setting) => ["-c", setting],
  ),
  "-c",
  `shared_buffers=${LIMITS.embeddedBufferMiB}MB`,
];

/** The database's own files, below its directory. */
export const CLUSTER = "cluster";
/** Lies beside the cluster while that is being made. */
const MAKING = "cluster.making";

/** Makes a cluster at a path where none is; where it answers false, initdb makes it. */
type UnpackBlank = (into: string) => Promise<boolean>;

/**
 * Opens the database in the directory, and makes it first where there is none. One whose making was cut
 * off by a crash is made anew: nobody has seen it.
 * @throws ExpungeError `data-dir-locked`, `data-dir-unusable`
 */
export async function openEmbedded(
  dir: string,
  unpackBlank: UnpackBlank = unpackBlankCluster,
): Promise<EmbeddedDatabase> {
  const lock = lockDirectory(dir);
  try {
    const { pglite, fs } = await openCluster(dir, unpackBlank);
    return assemble(
      pglite,
      () => fs.fsyncs,
      () => lock.release(),
    );
  } catch (error) {
    lock.release();
    if (error instanceof ExpungeError) throw error;
    throw new ExpungeError("data-dir-unusable", `The database in ${dir} cannot be opened.`, {
      cause: error,
      details: { dir },
    });
  }
}

async function openCluster(
  dir: string,
  unpackBlank: UnpackBlank,
): Promise<{ pglite: PGlite; fs: DurableFs }> {
  const cluster = join(dir, CLUSTER);
  const making = join(dir, MAKING);
  if (existsSync(making)) await rm(cluster, { recursive: true, force: true });
  const isNew = !existsSync(cluster);
  if (isNew) {
    await writeFile(making, "");
    await sync(dir);
  }
  if (isNew) await unpackBlank(cluster);
  const fs = new DurableFs(cluster);
  const pglite = await start(fs);
  if (isNew) {
    // Neither what initdb writes nor what is unpacked passes an fsync of the database.
    await pglite.exec("checkpoint");
    await syncTree(cluster);
    await rm(making);
    await sync(dir);
  }
  return { pglite, fs };
}

/** A database in memory only, for tests. */
export async function openInMemory(): Promise<EmbeddedDatabase> {
  const none = (): void => {};
  return assemble(await withBaselineCode(() => PGlite.create()), () => 0, none);
}

async function start(fs: DurableFs): Promise<PGlite> {
  return await withBaselineCode(() => PGlite.create({ fs, startParams: START_PARAMETERS }));
}

/** Several at a time: a file system's journal takes them together. */
async function syncTree(dir: string): Promise<void> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() || entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name));
  for (let at = 0; at < paths.length; at += LIMITS.embeddedSyncsInFlight) {
    await Promise.all(paths.slice(at, at + LIMITS.embeddedSyncsInFlight).map(sync));
  }
  await sync(dir);
}

async function sync(path: string): Promise<void> {
  const file = await openFile(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function assemble(pglite: PGlite, fsyncs: () => number, release: () => void): EmbeddedDatabase {
  const mutex = new Mutex();
  const session = new SharedSession(pglite, mutex);
  return {
    pglite,
    session,
    fsyncs,
    dialect: new EmbeddedDialect(pglite, mutex),
    analyze: async () => await maintain(session, "analyze"),
    vacuum: async () => await maintain(session, "vacuum (analyze)"),
    close: async () => {
      try {
        // After whatever is under way.
        await mutex.run(async () => await pglite.close());
      } finally {
        release();
      }
    },
  };
}

/** Our tables and the job queue's; those of the system hardly change. */
async function maintain(session: SharedSession, command: string): Promise<void> {
  const { rows } = await session.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname not in ('pg_catalog', 'information_schema')`,
  );
  // One statement each, so that others have their turn in between.
  for (const { name } of rows) await session.exec(`${command} ${name}`);
}
