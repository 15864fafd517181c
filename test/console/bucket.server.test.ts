import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  DeleteBucketPolicyCommand,
  PutBucketCorsCommand,
  PutBucketPolicyCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codeOf } from "../browser/bundle.ts";
import { keysBelow, plantObjects, putObject, settingsOf } from "../e2e/buckets.ts";
import { FaultProxy } from "../servers/fault-proxy/proxy.ts";
import { s3Server } from "../servers/given.ts";
import { S3Bucket } from "../support/s3-bucket.ts";
import { temporaryDir } from "../support/service-process.ts";
import { refuseWith } from "../wire/fault-kinds.ts";
import { auditAll, countsOf, deleteProject, makeProject, planRemovalOfOrphans } from "./steps.ts";
import { ConsoleFixture } from "./support.ts";

const TIMEOUT_MS = 300_000;
const WAIT_MS = 60_000;
const LONG_MS = 180_000;
/** 200 of them and 200 MB go too, by hand: they take a minute. */
const LARGE_BYTES = 40_000_000;
const PART_BYTES = 16 * 1024 * 1024;
const MANY = 30;
const STRAYS = 7;

describe("the console before a real S3 server", { timeout: TIMEOUT_MS }, () => {
  let fixture: ConsoleFixture;
  let bucket: S3Bucket;
  /** Nothing goes wrong there but what a test plans. */
  let proxy: FaultProxy;
  let files: Awaited<ReturnType<typeof temporaryDir>>;
  let projectId: string;

  beforeAll(async () => {
    files = await temporaryDir();
    bucket = await S3Bucket.create(s3Server());
    proxy = await FaultProxy.start(s3Server());
    fixture = await ConsoleFixture.open({
      env: { ...settingsOf(bucket), EXPUNGE_S3_ENDPOINT: proxy.endpoint },
    });
    fixture.page.setDefaultTimeout(WAIT_MS);
    const [rules = ""] = codeOf("docs/uploads.md", "json");
    const CORSRules = JSON.parse(rules.replace("https://app.example.com", fixture.url)) as never;
    const CORSConfiguration = { CORSRules };
    await bucket.client.send(new PutBucketCorsCommand({ Bucket: bucket.name, CORSConfiguration }));
    await fixture.signIn();
  }, TIMEOUT_MS);
  afterAll(async () => {
    await fixture?.[Symbol.asyncDispose]();
    await proxy?.stop();
    await bucket?.[Symbol.asyncDispose]();
    await files?.[Symbol.asyncDispose]();
  }, TIMEOUT_MS);

  /** Where the parts go. */
  function storeHost(): string {
    return new URL(proxy.endpoint).host;
  }

  async function uidOf(id: string): Promise<string> {
    return (await fixture.client.projects.get(id)).uid;
  }

  it("sends many files and the parts of a large one straight to the bucket, and downloads it", async () => {
    const { page } = fixture;
    const sent: string[] = [];
    page.on("request", (request) => {
      if (request.method() === "PUT") sent.push(new URL(request.url()).host);
    });
    projectId = await makeProject(page, "Holiday");
    const large = join(files.path, "film.mp4");
    await writeFile(large, Buffer.alloc(LARGE_BYTES, "film"));
    const small = Array.from({ length: MANY }, (_, at) => join(files.path, `note-${at}.txt`));
    for (const path of small) await writeFile(path, path);
    await page.getByLabel("Files to upload").setInputFiles([large, ...small]);
    await page.getByText(`${MANY + 1} of ${MANY + 1} files uploaded`).waitFor({ timeout: LONG_MS });
    expect(sent).toEqual(Array(MANY + Math.ceil(LARGE_BYTES / PART_BYTES)).fill(storeHost()));
    const downloaded = page.waitForEvent("download");
    await page.getByRole("link", { name: "Get film.mp4" }).click();
    const bytes = await readFile(await (await downloaded).path());
    const sha256 = (data: Uint8Array): string => createHash("sha256").update(data).digest("hex");
    expect(sha256(bytes)).toBe(sha256(await readFile(large)));
  });

  it("says which file was not sent when the store refuses its parts, and sends it on request", async () => {
    const { page, client } = fixture;
    // A page of another origin is let see why it is refused, or it would ask again five times.
    const refusal = refuseWith("InvalidPart", { "access-control-allow-origin": fixture.url });
    const refusing = proxy.faults.plan({ operation: "UploadPart" }, refusal);
    await page.getByLabel("Files to upload").setInputFiles({
      name: "late.txt",
      mimeType: "text/plain",
      buffer: Buffer.from("late"),
    });
    await page.getByText("1 file failed").waitFor();
    expect(await fixture.axe()).toEqual([]);
    expect(await client.files.exists(projectId, "late.txt")).toBe(false);
    refusing.cancel();
    await page.getByRole("button", { name: "Try again: late.txt" }).click();
    await page.getByText(`${MANY + 2} of ${MANY + 2} files uploaded`).waitFor();
    expect(await (await client.files.get(projectId, "late.txt")).text()).toBe("late");
  });

  it("shows the progress of each place while it is emptied, over a reload and a killed service, and then the receipt", async () => {
    const { page } = fixture;
    const uid = await uidOf(projectId);
    await plantObjects(bucket, `projects/${uid}/stray`, STRAYS);
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const waiting = gates.map(({ promise }) => promise);
    proxy.faults.plan({ operation: "DeleteObjects", times: 2 }, () => ({
      name: "held",
      until: waiting.shift() ?? Promise.resolve(),
    }));
    const shows = async (place: string, ...counts: readonly number[]): Promise<void> => {
      const wanted = expect.poll(() => countsOf(page, place), { timeout: WAIT_MS });
      await wanted.toEqual(counts.map(String));
    };
    const progress = `${MANY + 2} of ${MANY + 2 + STRAYS} objects`;
    await deleteProject(page, "Holiday");
    await shows("Files of the project", MANY + 2, 0);
    await shows("The rest of the project's folder", STRAYS, 0);
    gates[0]?.resolve();
    await shows("Files of the project", MANY + 2, MANY + 2);
    await shows("The rest of the project's folder", STRAYS, 0);
    await page.getByText(new RegExp(`^${progress} .* a second, about \\d+ \\w+ left$`)).waitFor();
    expect(await fixture.axe()).toEqual([]);
    await page.reload();
    await shows("Files of the project", MANY + 2, MANY + 2);
    await page.getByText(progress).waitFor();
    await fixture.kill();
    await page.getByText("The service does not answer just now").waitFor();
    await fixture.restart();
    await page.getByText("Everything is gone, and that was checked").waitFor();
    // What the killed process had asked for comes late, and finds nothing.
    gates[1]?.resolve();
    await shows("The rest of the project's folder", STRAYS, STRAYS);
    // The file that was sent once more went by the upload that it had.
    await shows("Unfinished uploads", 0, 0);
    await page.getByRole("button", { name: "Verify the signature" }).click();
    await page.getByText("The signature is valid").waitFor();
    expect(await keysBelow(bucket, "projects/")).toEqual([]);
  });

  it("names the keys that the bucket's policy keeps, and goes on once it lets them go", async () => {
    const { page } = fixture;
    const id = await makeProject(page, "Denied");
    await fixture.client.files.put(id, "free.txt", "free");
    const uid = await uidOf(id);
    const Bucket = bucket.name;
    const kept = `projects/${uid}/kept`;
    await plantObjects(bucket, kept, 2);
    const denial = {
      Effect: "Deny",
      Principal: "*",
      Action: ["s3:DeleteObject", "s3:DeleteObjectVersion"],
      Resource: `arn:aws:s3:::${Bucket}/${kept}/*`,
    };
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [denial] });
    await bucket.client.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    await deleteProject(page, "Denied");
    await page.getByText("Not finished: something could not be removed").waitFor();
    for (const at of [0, 1]) await page.getByText(`${kept}/stray-${at}`).waitFor();
    await page.getByText("is protected").first().waitFor();
    expect(await fixture.axe()).toEqual([]);
    expect(await keysBelow(bucket, `projects/${uid}/`)).toHaveLength(2);
    await bucket.client.send(new DeleteBucketPolicyCommand({ Bucket }));
    await page.getByRole("button", { name: "Try again now" }).click();
    await page.getByText("Everything is gone, and that was checked").waitFor();
    await page.getByRole("button", { name: "Verify the signature" }).click();
    await page.getByText("The signature is valid").waitFor();
    expect(await keysBelow(bucket, `projects/${uid}/`)).toEqual([]);
  });

  it("brings a project back from the trash with its file as it was", async () => {
    const { page, client } = fixture;
    const { id } = await client.projects.create({ name: "Undone" });
    await client.files.put(id, "kept.txt", "kept");
    const { deletion } = await client.projects.requestDeletion(id, { grace: "72h" });
    await page.goto(`${fixture.url}/deletions/${deletion.id}`);
    await page.getByRole("button", { name: "Restore" }).click();
    await page.getByText("Undone: the project is back").waitFor();
    expect(await (await client.files.get(id, "kept.txt")).text()).toBe("kept");
  });

  it("finds in the bucket what belongs to no file, and removes that alone", async () => {
    const { page, client } = fixture;
    const { id, uid } = await client.projects.create({ name: "Audited" });
    await client.files.put(id, "kept.txt", "kept");
    const [kept = ""] = await keysBelow(bucket, `projects/${uid}/`);
    const orphan = kept.slice(0, -4) + (kept.endsWith("aaaa") ? "bbbb" : "aaaa");
    await putObject(bucket, orphan, "nobody's");
    await auditAll(page);
    await page.getByText("1 difference between store and database").waitFor();
    await page.getByRole("cell", { name: orphan }).waitFor();
    await planRemovalOfOrphans(page);
    await page.getByRole("button", { name: "Do it" }).click();
    await page.getByText("1 difference mended").waitFor();
    expect(await keysBelow(bucket, `projects/${uid}/`)).toEqual([kept]);
  });

  it("ran nothing inline, failed nowhere, and asked nobody but the service and the bucket", () => {
    fixture.expectClean([storeHost()]);
    expect([...fixture.hosts].sort()).toEqual([fixture.host, storeHost()].sort());
  });
});
