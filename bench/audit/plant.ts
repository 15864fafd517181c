import { createHash, randomBytes } from "node:crypto";
import type { FindingKind } from "../../src/core/audit.ts";
import { makeUid } from "../../src/core/ids.ts";
import { canonicalKey } from "../../src/core/keys.ts";
import { inPool } from "../../src/services/pool.ts";
import type { SqlEye } from "../../test/crash/eyes.ts";
import type { ServiceProcess } from "../../test/support/service-process.ts";
import type { Place } from "./place.ts";

/** Faults that are planted, of every kind, five hundred in all. A mismatch is one of size or of bytes. */
export const FAULTS = {
  orphan: 100,
  dangling: 100,
  "wrong size": 50,
  "wrong bytes": 50,
  "residue-of-deleted": 50,
  "stale-upload": 50,
  foreign: 100,
} as const;
export const FAULTS_TOTAL = Object.values(FAULTS).reduce((sum, count) => sum + count, 0);
const PROJECTS = 20;
const IN_FLIGHT = 32;
const ROWS_AT_ONCE = 5_000;
const YEAR_MS = 365 * 86_400_000;

export interface Planted {
  /** Of each kind of finding the keys. */
  readonly keys: Readonly<Record<FindingKind, ReadonlySet<string>>>;
  /** Of the mismatched ones those that only reading finds out. */
  readonly wrongBytes: ReadonlySet<string>;
  /** All keys of the store. */
  readonly objects: ReadonlySet<string>;
  readonly rows: number;
  /** The store's own ids of the stale uploads. */
  readonly uploads: ReadonlySet<string>;
}

interface Row {
  readonly uid: string;
  readonly projectUid: string;
  readonly path: string;
  readonly key: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** What is to be planted, before anything is. */
class Plan {
  readonly rows: Row[] = [];
  readonly objects = new Map<string, string>();
  readonly #projects: readonly string[];

  constructor(projects: readonly string[]) {
    this.#projects = projects;
  }

  keyIn(at: number): string {
    return canonicalKey(this.#projects[at % PROJECTS] ?? "", someUid());
  }

  /** Rows with their objects, each changed in the same way. */
  named(kind: string, count: number, change: (row: Row) => Partial<Row> = () => ({})): Set<string> {
    const keys = new Set<string>();
    for (let at = 0; at < count; at++) {
      const projectUid = this.#projects[at % PROJECTS] ?? "";
      const [uid, text] = [someUid(), `${kind} ${at}`];
      const key = canonicalKey(projectUid, uid);
      const row = { uid, projectUid, path: `${kind}/${at}`, key, sizeBytes: text.length };
      const whole = { ...row, sha256: sha256(text) };
      this.rows.push({ ...whole, ...change(whole) });
      this.objects.set(key, text);
      keys.add(key);
    }
    return keys;
  }

  unnamed(count: number, keyOf: (at: number) => string): Set<string> {
    const keys = new Set(Array.from({ length: count }, (_, at) => keyOf(at)));
    for (const key of keys) this.objects.set(key, "unnamed");
    return keys;
  }
}

/** A store of so many objects with their rows, made by SQL and past the service, and faults among them. */
export async function plant(
  service: ServiceProcess,
  eye: SqlEye,
  place: Place,
  objects: number,
  signal: AbortSignal,
): Promise<Planted> {
  const plan = new Plan(await makeProjects(service, "planted", PROJECTS));
  const [gone = ""] = await makeProjects(service, "gone", 1);
  await service.json("DELETE", "/v1/projects/gone-0");
  const longer = ({ sizeBytes }: Row): Partial<Row> => ({ sizeBytes: sizeBytes + 1 });
  const wrongSize = plan.named("wrong size", FAULTS["wrong size"], longer);
  const other = (): Partial<Row> => ({ sha256: sha256("other") });
  const wrongBytes = plan.named("wrong bytes", FAULTS["wrong bytes"], other);
  const orphan = plan.unnamed(FAULTS.orphan, (at) => plan.keyIn(at));
  const residue = plan.unnamed(FAULTS["residue-of-deleted"], () => canonicalKey(gone, someUid()));
  const strange = (at: number): string => `${at % 2 ? "strange" : "a/b"}/${at}`;
  const foreign = plan.unnamed(FAULTS.foreign, strange);
  plan.named("good", objects - plan.objects.size);
  const dangling = plan.named("dangling", FAULTS.dangling);
  for (const key of dangling) plan.objects.delete(key);
  await insertRows(eye, plan.rows, signal);
  await inPool(IN_FLIGHT, async (add) => {
    for (const [key, text] of plan.objects) {
      signal.throwIfAborted();
      await add(() => place.put(key, Buffer.from(text)));
    }
  });
  const uploads = await leaveUploads(service, eye);
  return {
    keys: {
      orphan,
      dangling,
      foreign,
      mismatched: new Set([...wrongSize, ...wrongBytes]),
      "residue-of-deleted": residue,
      "stale-upload": new Set(uploads.map(({ key }) => key)),
    },
    wrongBytes,
    objects: new Set(plan.objects.keys()),
    rows: plan.rows.length,
    uploads: new Set(uploads.map(({ storeUploadId }) => storeUploadId)),
  };
}

async function makeProjects(
  service: ServiceProcess,
  name: string,
  count: number,
): Promise<readonly string[]> {
  const uids: string[] = [];
  for (let i = 0; i < count; i++) {
    const json = { id: `${name}-${i}` };
    uids.push(String((await service.json("POST", "/v1/projects", { json, status: 201 }))["uid"]));
  }
  return uids;
}

async function insertRows(eye: SqlEye, rows: readonly Row[], signal: AbortSignal): Promise<void> {
  for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
    signal.throwIfAborted();
    const some = rows.slice(at, at + ROWS_AT_ONCE);
    const columns = (["uid", "projectUid", "path", "key", "sizeBytes", "sha256"] as const).map(
      (name) => some.map((row) => row[name]),
    );
    await eye.query(
      `insert into expunge.files (uid, project_uid, path, key, size_bytes, sha256, content_type, etag,
         created_at, updated_at, metadata)
       select uid, project, path, key, size, sha256, 'text/plain', uid, $7::bigint, $7::bigint, '{}'
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[])
         as one(uid, project, path, key, size, sha256)`,
      [...columns, Date.now() - 86_400_000],
    );
  }
  await eye.query(
    `update expunge.projects set file_count = count, size_bytes = bytes
     from (select project_uid, count(*) as count, sum(size_bytes) as bytes from expunge.files group by 1) as one
     where project_uid = uid`,
  );
  await eye.query("analyze expunge.files");
}

/** Begun through the service, and then without the rows that stood for them. */
async function leaveUploads(
  service: ServiceProcess,
  eye: SqlEye,
): Promise<readonly { readonly key: string; readonly storeUploadId: string }[]> {
  for (let i = 0; i < FAULTS["stale-upload"]; i++) {
    const json = { path: `left/${i}`, sizeBytes: 10, contentType: "text/plain" };
    await service.json("POST", "/v1/projects/planted-0/uploads", { json, status: 201 });
  }
  return await eye.query(
    `delete from expunge.uploads where path like 'left/%'
     returning key, store_upload_id as "storeUploadId"`,
  );
}

/** As if made at some time of the last year, so that the keys of a project do not come in one piece. */
function someUid(): string {
  return makeUid(Date.now() - Math.floor(Math.random() * YEAR_MS), randomBytes(10));
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
