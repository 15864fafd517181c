import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";
import { postgresUrl, s3Server } from "./given.ts";
import { createDatabase, runSql } from "./postgres.ts";

describe("the servers of the run", () => {
  test("the S3 server keeps a bucket from a user that has no right to it", async () => {
    const { endpoint, region, other, ...credentials } = s3Server();
    expect(other).not.toBeNull();
    if (!other) return;
    const common = { endpoint, region, forcePathStyle: true };
    const Bucket = `servers-${process.pid}-${performance.now().toString().replace(".", "-")}`;
    const owner = new S3Client({ ...common, credentials });
    await owner.send(new CreateBucketCommand({ Bucket }));
    expect((await owner.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0);
    const stranger = new S3Client({ ...common, credentials: other });
    await expect(stranger.send(new ListObjectsV2Command({ Bucket }))).rejects.toThrow(
      expect.objectContaining({ name: "AccessDenied" }),
    );
  });

  test("databases of two test files know nothing of each other", async () => {
    const [one, two] = [await createDatabase(postgresUrl()), await createDatabase(postgresUrl())];
    try {
      await runSql(one.url, "create table here (id int)", "select * from here");
      await expect(runSql(two.url, "select * from here")).rejects.toThrow('"here" does not exist');
    } finally {
      await Promise.all([one.drop(), two.drop()]);
    }
    await expect(runSql(one.url, "select 1")).rejects.toThrow("does not exist");
  });
});

describe.each(["postgres-main.ts", "ceph-main.ts"])("a server by hand: %s", (script) => {
  test("it ends with its stdin", async () => {
    const { child, port } = await startByHand(script);
    expect(await isOpen(port)).toBe(true);
    const closed = once(child, "close");
    child.stdin?.end();
    await closed;
    expect(child.exitCode).toBe(0);
    expect(await isOpen(port)).toBe(false);
  });

  test("it dies with the process that started it, though that is killed", async () => {
    const { child, port } = await startByHand(script);
    expect(await isOpen(port)).toBe(true);
    child.kill("SIGKILL");
    await once(child, "close");
    await expect.poll(() => isOpen(port), { timeout: 10_000, interval: 50 }).toBe(false);
  });
});

async function startByHand(script: string): Promise<{ child: ChildProcess; port: number }> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [path], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, "line")) as [string];
  return { child, port: Number(new URL(line.slice(line.indexOf("=") + 1)).port) };
}

function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  return new Promise((resolve) => {
    const answer = (open: boolean) => (): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once("connect", answer(true));
    socket.once("error", answer(false));
  });
}
