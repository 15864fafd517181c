import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { putFiles } from "../e2e/planting.ts";
import { ServiceProcess, temporaryDir } from "../support/service-process.ts";
import { openLive, r2Bucket } from "./r2-bucket.ts";

const PROJECTS = 20;
const FILES = 10;

describe("whole deletions on a bucket on R2", () => {
  it(`deletes ${PROJECTS} projects of ${FILES} files, each with a receipt, and no sibling`, async () => {
    const place = r2Bucket();
    const live = openLive(place);
    await using dir = await temporaryDir();
    const service = await ServiceProcess.start(join(dir.path, "data"), {
      env: {
        R2_ENDPOINT: place.endpoint,
        R2_ACCESS_KEY_ID: place.accessKeyId,
        R2_SECRET_ACCESS_KEY: place.secretAccessKey,
        R2_BUCKET_NAME: place.bucket,
        EXPUNGE_STORE: `s3://${place.bucket}/${live.prefix.replace(/\/$/, "")}`,
      },
    });
    try {
      for (let i = 0; i < PROJECTS; i++) {
        const ids = [`live${i}`, `live${i}-0`];
        for (const id of ids) {
          await service.json("POST", "/v1/projects", { json: { id }, status: 201 });
          await putFiles(service, id, FILES);
        }
        const deleted = await service.json("DELETE", `/v1/projects/live${i}`);
        expect(deleted).toMatchObject({ state: "completed", residueTotal: 0 });
        const clean = await service.json("GET", `/v1/debug/verify-cleanup/live${i}`);
        expect(clean).toMatchObject({ isClean: true });
        const file = await service.request("GET", `/v1/projects/live${i}-0/files/dir/3.txt`);
        expect(await file.text()).toBe(`file 3 of live${i}-0`);
      }
    } finally {
      await service.stop();
      await live.cleanup();
    }
  });
});
