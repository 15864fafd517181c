import {
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { s3Server } from "../servers/given.ts";
import { runSql } from "../servers/postgres.ts";
import { Campaign, type Planned, slowestOf } from "./campaign.ts";
import { CRASH_LIMITS } from "./limits.ts";
import { MAIN_POINTS, nameOf } from "./point-table.ts";
import { Rig } from "./rig.ts";
import type { Kind } from "./run.ts";

/** A kill behind a stop is done while the other process is stopped. */
const KINDS: readonly Kind[] = [
  ...Array.from({ length: 5 }, () => ["kill", "kill", "stop", "kill", "kill"] as const).flat(),
  ...(["postgres", "postgres"] as const),
];
const PLAN: readonly Planned[] = KINDS.map((kind, i) => ({
  kind,
  seed: KINDS.slice(0, i + 1).filter((one) => one === kind).length,
}));
const DELETIONS_OF_A_RUN = 3;
const PATIENCE_MS = 400_000;

describe("two processes on PostgreSQL and a real S3 server, with clients at work", () => {
  let rig: Rig;
  let campaign: Campaign;
  let failed = false;

  beforeAll(async () => {
    rig = await Rig.start(s3Server());
    campaign = await Campaign.on(rig);
  }, 120_000);

  afterAll(async () => {
    await campaign.close();
    await rig[Symbol.asyncDispose]();
    if (!failed) await rig.forget();
  }, 120_000);

  it(
    "keep every promise through 20 kills at the main points, 5 stops and 2 deaths of PostgreSQL",
    { timeout: PATIENCE_MS },
    async () => {
      const { results, violations, deletions, receipts } = await campaign.run(PLAN, () => {});
      failed = violations.length > 0;
      expect(violations, `history and logs are kept in ${rig.dir}`).toEqual([]);
      expect(results).toHaveLength(PLAN.length);
      expect(results.filter(({ missed }) => missed !== null)).toEqual([]);
      expect(deletions).toBeGreaterThanOrEqual(DELETIONS_OF_A_RUN * PLAN.length);
      expect(receipts).toBe(deletions);
      const hit = new Set(
        results.flatMap((one) => (one.kind === "kill" ? [one.hit?.split(" ")[0]] : [])),
      );
      expect(MAIN_POINTS.map(nameOf).filter((name) => !hit.has(name))).toEqual([]);
      const { slowestMs, sinceLastFaultMs } = slowestOf(results);
      expect(slowestMs, "somebody had to be taken over").toBeGreaterThan(0);
      expect(sinceLastFaultMs).toBeLessThanOrEqual(CRASH_LIMITS.takeoverMs);
    },
  );

  it(
    "and a checker that finds what is planted in the real bucket and rows",
    { timeout: PATIENCE_MS },
    async () => {
      for (const slot of rig.slots) await slot.shutDown();
      const planted = await plantViolations(rig, campaign);
      const violations = await campaign.checker.checkAll(campaign.history.path);
      const said = violations.map(({ what }) => what);
      for (const what of planted) {
        expect(said).toEqual(expect.arrayContaining([expect.stringContaining(what)]));
      }
      expect(violations).toHaveLength(planted.length);
    },
  );
});

interface Row {
  readonly id: string;
  readonly uid: string;
  readonly path: string;
  readonly key: string;
}

/** One of each kind; answers what the checker has to say of them. */
async function plantViolations(rig: Rig, { checker }: Campaign): Promise<readonly string[]> {
  const { client, name: Bucket } = rig.bucket;
  const gone = await checker.sql.query<Row>(
    "select id, uid from expunge.projects where state = 'deleted' order by uid limit 4",
  );
  const files = await checker.sql.query<Row>(
    `select id, project.uid, path, key from expunge.files as file
      join expunge.projects as project on project.uid = file.project_uid
      where id like '%p4' and key is not null and state = 'active' order by file.uid limit 3`,
  );
  const [one, two, three, four] = gone;
  const [lost, changed, rowless] = files;
  if (!one || !two || !three || !four || !lost || !changed || !rowless) {
    throw new Error("the runs have left too little to plant anything in");
  }
  const left = `projects/${one.uid}/left`;
  await client.send(new PutObjectCommand({ Bucket, Key: left, Body: "left" }));
  const part = `old/${two.id}/part`;
  await client.send(new CreateMultipartUploadCommand({ Bucket, Key: part }));
  await client.send(new DeleteObjectCommand({ Bucket, Key: lost.key }));
  await client.send(new PutObjectCommand({ Bucket, Key: changed.key, Body: "changed" }));
  await runSql(
    rig.postgres.url,
    `delete from expunge.files where key = '${rowless.key}'`,
    `insert into expunge.removals (key, project_uid, size_bytes, requested_at, due_at)
      values ('projects/${three.uid}/x', '${three.uid}', 1, 1, 1)`,
    `alter table expunge.receipts drop constraint receipts_pkey cascade,
      drop constraint receipts_deletion_id_key`,
    `insert into expunge.receipts select project_uid, deletion_id, owner,
      (select max(sequence) + 1 from expunge.receipts), jws, hash, issued_at, copied
      from expunge.receipts where project_uid = '${four.uid}'`,
  );
  return [
    `${one.id} (${one.uid}): object ${left} is there`,
    `${two.id} (${two.uid}): an upload of ${part} is there`,
    `file ${lost.path} has no object at ${lost.key}`,
    `file ${changed.path} has the content`,
    `file ${rowless.path} has no row`,
    `no row names the object ${rowless.key}`,
    `${three.id} (${three.uid}): 1 removal rows are left`,
    `${four.id} (${four.uid}): has 2 receipts`,
    // The second one says another number in the chain than it has.
    `${four.id} (${four.uid}): its receipt says`,
    `of ${four.uid} does not follow on the one before`,
  ];
}
