import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ServiceProcess, temporaryDir } from "../support/service-process.ts";
import { type Dialect, dialectOf } from "../wire/dialects.ts";
import { WireServer } from "../wire/server.ts";
import { putFiles } from "./planting.ts";

const BUCKET = "r2-bucket";
const MIB = 1024 * 1024;

type Differences = Partial<Omit<Dialect, "name">>;

/** A service that knows nothing but `R2_*`, on a server that speaks as R2 is documented to. */
async function onR2(
  differences: Differences,
  work: (service: ServiceProcess, server: WireServer) => Promise<void>,
): Promise<void> {
  await using dir = await temporaryDir();
  await using server = await WireServer.start({
    dialect: dialectOf("r2", { normalisesKeys: true, keyWritesPerSecond: 1, ...differences }),
    region: "auto",
  });
  server.makeBucket(BUCKET);
  const service = await ServiceProcess.start(join(dir.path, "data"), {
    env: {
      R2_ENDPOINT: server.endpoint,
      R2_ACCESS_KEY_ID: server.credentials.accessKeyId,
      R2_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
      R2_BUCKET_NAME: BUCKET,
    },
  });
  try {
    await work(service, server);
  } finally {
    await service.stop();
  }
}

async function makeProject(service: ServiceProcess, id: string): Promise<string> {
  const made = await service.json("POST", "/v1/projects", { json: { id }, status: 201 });
  return String(made["uid"]);
}

function ownKeys(server: WireServer): readonly string[] {
  const keys = [...server.bucket(BUCKET).store.snapshot().objects.keys()];
  return keys.filter((key) => !key.startsWith(".expunge/"));
}

describe("a service on R2, as its documentation describes it", () => {
  it(
    "stores, uploads in equal parts and deletes with a receipt, by the R2 settings alone",
    { timeout: 60_000 },
    async () => {
      await onR2({}, async (service, server) => {
        const uid = await makeProject(service, "p1");
        await putFiles(service, "p1", 30);
        const bytes = randomBytes(37 * MIB + 123);
        const streamed = await service.request("PUT", "/v1/projects/p1/files/streamed.bin", {
          body: Uint8Array.from(bytes),
        });
        expect(streamed.status).toBe(201);
        const read = await service.request("GET", "/v1/projects/p1/files/streamed.bin");
        expect(Buffer.from(await read.arrayBuffer()).equals(bytes)).toBe(true);
        await uploadDirectly(service, bytes);
        expect(ownKeys(server)).toHaveLength(32);
        const deletion = await service.json("DELETE", "/v1/projects/p1");
        expect(deletion).toMatchObject({ state: "completed", residueTotal: 0 });
        expect(ownKeys(server)).toEqual([]);
        const { payload } = await service.json("GET", `/v1/receipts/${uid}`);
        expect(payload).toMatchObject({
          totals: { deleted: 32, absent: 0 },
          capabilities: { versioning: "none", keyNormalisation: "nfc", checksum: "crc32" },
        });
      });
    },
  );

  it(
    "takes Content-MD5 where the store refuses the newer checksums, as R2 once did",
    { timeout: 60_000 },
    async () => {
      await onR2({ removalDigests: ["md5"] }, async (service, server) => {
        const uid = await makeProject(service, "p1");
        await putFiles(service, "p1", 5);
        await service.json("DELETE", "/v1/projects/p1");
        expect(ownKeys(server)).toEqual([]);
        const { payload } = await service.json("GET", `/v1/receipts/${uid}`);
        expect(payload).toMatchObject({ capabilities: { checksum: "content-md5" } });
      });
    },
  );

  it(
    "names the keys that a bucket lock keeps, and gives no receipt",
    { timeout: 60_000 },
    async () => {
      const lockedPrefixes: string[] = [];
      await onR2({ lockedPrefixes }, async (service, server) => {
        const uid = await makeProject(service, "p1");
        await putFiles(service, "p1", 4);
        lockedPrefixes.push(`projects/${uid}/`);
        const answer = await service.json("DELETE", "/v1/projects/p1", { status: 409 });
        expect(answer).toMatchObject({ code: "deletion-blocked" });
        const { id, residue } = answer["deletion"] as {
          id: string;
          residue: readonly { key: string; outcome: string; code: string }[];
        };
        expect(residue.map(({ key }) => key).sort()).toEqual([...ownKeys(server)].sort());
        for (const one of residue) {
          expect(one).toMatchObject({ outcome: "blocked", code: "object-locked" });
        }
        await service.json("GET", `/v1/receipts/${uid}`, { status: 404 });
        lockedPrefixes.length = 0;
        await service.json("POST", `/v1/deletions/${id}/retry`, { status: 202 });
        await expect
          .poll(async () => (await service.json("GET", `/v1/deletions/${id}`))["state"], {
            timeout: 20_000,
          })
          .toBe("completed");
        expect(ownKeys(server)).toEqual([]);
      });
    },
  );
});

/** As a browser does: each part to a URL of the bucket itself. */
async function uploadDirectly(service: ServiceProcess, bytes: Uint8Array): Promise<void> {
  const uploads = "/v1/projects/p1/uploads";
  const opened = await service.json("POST", uploads, {
    json: { path: "direct.bin", sizeBytes: bytes.length, contentType: "x/y" },
    status: 201,
  });
  const uploadId = String(opened["uploadId"]);
  const partBytes = Number(opened["partSizeBytes"]);
  for (let number = 1; number <= Number(opened["partCount"]); number++) {
    const { url, headers } = await service.json("GET", `${uploads}/${uploadId}/parts/${number}`);
    const sent = await fetch(String(url), {
      method: "PUT",
      headers: headers as Record<string, string>,
      body: Uint8Array.from(bytes.slice((number - 1) * partBytes, number * partBytes)),
    });
    expect(sent.status).toBe(200);
  }
  await service.json("POST", `${uploads}/${uploadId}/complete`, { json: {}, status: 201 });
}
