import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { NewIdempotent } from "../../../src/ports/metadata/index.ts";
import {
  complete,
  expectAbout,
  expectCode,
  type Fixture,
  LONG_MS,
  makeProject,
  newProject,
  newUpload,
  sealable,
  SHORT_MS,
  PAST_SHORT_MS,
} from "./fixture.ts";

function hash(text: string): Uint8Array {
  return Uint8Array.from(createHash("sha256").update(text).digest());
}

function record(key: string, values: Partial<NewIdempotent> = {}): NewIdempotent {
  const fingerprint = hash(`what ${key} asks for`);
  return { subject: "alice", keyHash: hash(key), fingerprint, validForMs: LONG_MS, ...values };
}

export function idempotencyContract(fixture: Fixture): void {
  describe("creations that are named by a key", () => {
    test("are found by it, with what was asked for and made, by their subject alone", async () => {
      const { store } = fixture;
      const named = record("k1");
      const project = await store.createProject(newProject({ idempotent: named }));
      const found = await store.findIdempotent("alice", named.keyHash, LONG_MS);
      expect(found).toMatchObject({
        fingerprint: named.fingerprint,
        projectUid: project.uid,
        resource: project.uid,
      });
      expectAbout(found?.createdAt, await store.now());
      expect(await store.findIdempotent("bob", named.keyHash, LONG_MS)).toBeNull();
      expect(await store.findIdempotent("alice", hash("k2"), LONG_MS)).toBeNull();
    });

    test("are refused the second time, and nothing of them is made", async () => {
      const { store } = fixture;
      const named = record("k1");
      await store.createProject(newProject({ idempotent: named }));
      const second = newProject({ idempotent: named });
      await expectCode(store.createProject(second), "idempotency-key-reused");
      expect(await store.findProject(second.id)).toBeNull();
      const upload = newUpload((await makeProject(fixture)).uid, { idempotent: named });
      await expectCode(store.openUpload(upload), "idempotency-key-reused");
      expect(await store.findUpload(upload.projectUid, upload.id)).toBeNull();
    });

    test("leave no record where they are refused for another reason", async () => {
      const { store } = fixture;
      const { id, uid } = await makeProject(fixture, { quotaBytes: 1 });
      const named = record("k1");
      await expectCode(
        store.createProject(newProject({ id, idempotent: named })),
        "project-exists",
      );
      await expectCode(
        store.openUpload(newUpload(uid, { sizeBytes: 2, idempotent: named })),
        "quota-exceeded",
      );
      expect(await store.findIdempotent("alice", named.keyHash, LONG_MS)).toBeNull();
      const opened = await store.openUpload(newUpload(uid, { sizeBytes: 1, idempotent: named }));
      expect(await store.findIdempotent("alice", named.keyHash, LONG_MS)).toMatchObject({
        projectUid: uid,
        resource: opened.id,
      });
    });

    test("may be made again with the same key once it has expired", async () => {
      const { store } = fixture;
      const named = record("k1", { validForMs: SHORT_MS });
      await store.createProject(newProject({ idempotent: named }));
      await fixture.advance(PAST_SHORT_MS);
      expect(await store.findIdempotent("alice", named.keyHash, SHORT_MS)).toBeNull();
      const again = await store.createProject(newProject({ idempotent: named }));
      const found = await store.findIdempotent("alice", named.keyHash, SHORT_MS);
      expect(found?.resource).toBe(again.uid);
    });

    test("are one where several come at the same time", async () => {
      const { store } = fixture;
      const named = record("k1");
      const asked = [1, 2, 3, 4].map(() => newProject({ idempotent: named }));
      const ended = await Promise.allSettled(asked.map((one) => store.createProject(one)));
      expect(ended.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      const found = await Promise.all(asked.map(({ id }) => store.findProject(id)));
      expect(found.filter((project) => project !== null)).toHaveLength(1);
    });

    test("are forgotten with their project, by its receipt (R7)", async () => {
      const { store } = fixture;
      const named = record("k1");
      const kept = record("k2");
      const { uid } = await makeProject(fixture, { idempotent: named });
      await makeProject(fixture, { idempotent: kept });
      await complete(fixture, await sealable(fixture, uid));
      expect(await store.findIdempotent("alice", named.keyHash, LONG_MS)).toBeNull();
      expect(await store.findIdempotent("alice", kept.keyHash, LONG_MS)).not.toBeNull();
    });
  });
}
