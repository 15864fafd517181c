import { afterEach, describe, expect, it } from "vitest";
import { isComplete } from "../../../src/core/audit.ts";
import { canonicalKey, canonicalPrefix, isQuarantineKey } from "../../../src/core/keys.ts";
import { StoreError } from "../../../src/core/store-errors.ts";
import { bodyOf } from "../../../src/services/bytes.ts";
import type { Context } from "../../../src/services/context.ts";
import { runRemovals } from "../../../src/services/files/removals.ts";
import { complete, newUid, sealable } from "../../contract/metadata/fixture.ts";
import { ADMIN, type TestService } from "../../support/context.ts";
import { withLimit } from "../../support/limits.ts";
import { withMethods } from "../../support/methods.ts";
import {
  BYTES,
  copiesOf,
  deleted,
  keysOf,
  never,
  type One,
  outcomeOf,
  quarantined,
  service,
  stopAll,
  uploadsOf,
  wrapped,
} from "./quarantined.ts";

afterEach(stopAll);

describe("putting orphans aside", () => {
  it("keeps a copy in the project, under what says where it lay, and removes the orphan", async () => {
    const one = await service();
    const { audit, findings } = await quarantined(one, one.context);
    expect(findings).toMatchObject([{ kind: "orphan", outcome: "fixed", code: "quarantined" }]);
    expect(audit.progress.fixes).toEqual({ fixed: 1, spared: 0, failed: 0 });
    const [copy = "", ...others] = copiesOf(one);
    expect(others).toEqual([]);
    expect(copy.slice(-27)).toBe(`/${one.orphan.slice(-26)}`);
    expect(one.objects.view().bytesOf(copy)).toEqual(BYTES);
    expect(keysOf(one)).not.toContain(one.orphan);
    expect(uploadsOf(one)).toEqual([0, 0]);
  });

  it("copies a large orphan part by part", async () => {
    const one = await service();
    await withLimit("auditCopyPartBytes", 4, () => quarantined(one, one.context));
    expect(one.objects.view().bytesOf(copiesOf(one)[0] ?? "")).toEqual(BYTES);
  });

  it("removes an orphan without bytes, of which there is nothing to keep", async () => {
    const one = await service({}, new Uint8Array());
    expect(await outcomeOf(one)).toEqual(["fixed", null]);
    expect(keysOf(one)).toHaveLength(1);
  });

  it("counts what lies in quarantine, and calls it no finding", async () => {
    const one = await service();
    await quarantined(one, one.context);
    const { audit, findings } = await quarantined(one, one.context);
    expect(findings).toEqual([]);
    expect(isComplete(audit.progress)).toBe(true);
    const { counts } = audit.progress;
    expect(counts).toMatchObject({ objects: 2, orphans: 0, quarantined: 1, orphanBytes: 0 });
    expect(counts.quarantinedBytes).toBe(BYTES.length);
  });

  it("leaves nothing in quarantine when the project is deleted", async () => {
    const one = await service();
    await quarantined(one, one.context);
    await deleted(one);
    expect(keysOf(one)).toEqual([]);
    const { payload } = await one.services.receipts.get(ADMIN, one.uid);
    expect(payload.totals).toEqual({ deleted: 2, absent: 0, bytes: 1 + BYTES.length });
  });

  it("keeps nothing of a deleted project: what lies there is residue, in quarantine or not", async () => {
    const one = await service();
    const { uid } = await one.services.projects.create(ADMIN, { id: "gone" });
    await complete(fixtureOf(one), await sealable(fixtureOf(one), uid));
    const keys = [canonicalKey(uid, newUid()), `${canonicalPrefix(uid)}quarantine/${newUid()}/a`];
    for (const key of keys) await one.objects.put(key, BYTES);
    const { audit, findings } = await quarantined(one, one.context);
    const residue = findings.filter(({ kind }) => kind === "residue-of-deleted");
    expect(residue.map(({ key, outcome }) => [key, outcome])).toEqual(
      keys.map((key) => [key, null]),
    );
    expect(audit.progress.counts).toMatchObject({ residueOfDeleted: 2, quarantined: 0 });
    expect([...one.objects.view().keysBelow(canonicalPrefix(uid))]).toEqual(keys);
  });

  it("calls a copy of a project that no row knows an orphan", async () => {
    const one = await service();
    const key = `${canonicalPrefix(newUid())}quarantine/${newUid()}/a`;
    await one.objects.put(key, BYTES);
    const { findings } = await quarantined(one, one.context);
    expect(findings.find((finding) => finding.key === key)).toMatchObject({
      kind: "orphan",
      outcome: "spared",
      code: "no-such-project",
    });
  });

  it("makes nothing in a project that waits for its deletion", async () => {
    const one = await service();
    await one.services.deletions.request(ADMIN, "p1", { graceMs: 3_600_000 });
    expect(await outcomeOf(one)).toEqual(["spared", "project-not-active"]);
    expect(keysOf(one)).toContain(one.orphan);
    expect(uploadsOf(one)).toEqual([0, 0]);
  });

  it("spares an orphan that changed while it was copied, and removes the copy", async () => {
    const one: One = await service(
      wrapped((store) => ({
        copyPart: async (...args) => {
          const part = await store.copyPart(...args);
          await one.objects.put(one.orphan, new Uint8Array(3));
          return part;
        },
      })),
    );
    expect(await outcomeOf(one)).toEqual(["spared", "changed"]);
    await runRemovals(one.context, never);
    expect(keysOf(one)).toContain(one.orphan);
    expect([copiesOf(one), uploadsOf(one)]).toEqual([[], [0, 0]]);
  });

  it("removes no orphan whose copy is not as large in a listing, and drops the copy", async () => {
    const one = await service(
      wrapped((store) => ({
        list: async (...args) => {
          const { entries, next } = await store.list(...args);
          const shorter = entries.map((entry) =>
            isQuarantineKey(entry.key) ? { ...entry, sizeBytes: 1 } : entry,
          );
          return { entries: shorter, next };
        },
      })),
    );
    expect(await outcomeOf(one)).toEqual(["failed", "copy-differs"]);
    await runRemovals(one.context, never);
    expect(keysOf(one)).toContain(one.orphan);
    expect([copiesOf(one), uploadsOf(one)]).toEqual([[], [0, 0]]);
  });

  it("removes no orphan whose copy has other bytes, and drops the copy", async () => {
    const one = await service(
      wrapped((store) => ({
        copyPart: async (key, uploadId, partNumber) => {
          const bytes = BYTES.toReversed();
          return await store.uploadPart(key, uploadId, partNumber, {
            body: bodyOf(bytes),
            sizeBytes: bytes.length,
          });
        },
      })),
    );
    expect(await outcomeOf(one)).toEqual(["failed", "copy-differs"]);
    await runRemovals(one.context, never);
    expect(keysOf(one)).toContain(one.orphan);
    expect([copiesOf(one), uploadsOf(one)]).toEqual([[], [0, 0]]);
  });

  it.each([
    { when: "before", call: "head" },
    { when: "while", call: "copyPart" },
  ] as const)(
    "spares an orphan of two parts that changed $when it was copied",
    async ({ call }) => {
      const one: One = await service(
        wrapped((store) => ({
          [call]: async (...args: never[]): Promise<unknown> => {
            await one.objects.put(one.orphan, new Uint8Array(call === "head" ? 3 : BYTES.length));
            return await (store[call] as (...all: never[]) => Promise<unknown>)(...args);
          },
        })),
      );
      const outcome = await withLimit("auditCopyPartBytes", 5, () => outcomeOf(one));
      expect(outcome).toEqual(["spared", "changed"]);
      await runRemovals(one.context, never);
      expect([copiesOf(one), uploadsOf(one)]).toEqual([[], [0, 0]]);
    },
  );

  it("says why an orphan could not be copied, and leaves no upload", async () => {
    const denied = new StoreError("access-denied", "blocked", "no");
    const one = await service(wrapped(() => ({ copyPart: () => Promise.reject(denied) })));
    expect(await outcomeOf(one)).toEqual(["failed", "access-denied"]);
    expect([copiesOf(one), uploadsOf(one)]).toEqual([[], [0, 0]]);
  });

  it("removes nothing where the copy's upload was ended as one that nobody goes on with", async () => {
    const one = await service();
    const { metadata } = one;
    const context = {
      ...one.context,
      metadata: withMethods(metadata, {
        keepUnnamed: async (id: string) => {
          await metadata.discardUpload(id);
          await metadata.keepUnnamed(id);
        },
      }),
    };
    const { findings } = await quarantined(one, context);
    expect(findings).toMatchObject([{ outcome: "spared", code: "upload-not-open" }]);
    await runRemovals(one.context, never);
    expect(keysOf(one)).toContain(one.orphan);
    expect(copiesOf(one)).toEqual([]);
  });

  it("fails where the project may have no object that large", async () => {
    const one = await service();
    const found = await withLimit("fileBytesMax", 1, () => outcomeOf(one));
    expect(found).toEqual(["failed", "file-too-large"]);
    expect(keysOf(one)).toContain(one.orphan);
  });

  it("says that the orphan is locked, whose copy lies in quarantine by then", async () => {
    const one = await service();
    one.objects.failures.refuse = () => ({
      result: "blocked",
      retryable: false,
      code: "object-locked",
      message: "locked",
    });
    expect(await outcomeOf(one)).toEqual(["failed", "object-locked"]);
    expect(copiesOf(one)).toHaveLength(1);
  });

  it("leaves nothing behind a deletion, at whatever call of it the project is deleted", async () => {
    let at = 0;
    for (let isReached = true; isReached; at++) {
      const one = await service();
      const moment = struckAt(one, at);
      await quarantined(one, moment.context);
      isReached = moment.isOver();
      if (isReached) {
        expect(keysOf(one), `deleted before call ${at}`).toEqual([]);
        expect(uploadsOf(one), `deleted before call ${at}`).toEqual([0, 0]);
      }
    }
    expect(at).toBeGreaterThan(15);
  });

  it("is for orphans alone", async () => {
    const { services: all } = await service();
    for (const input of [{ quarantine: true }, { fix: "dangling", quarantine: true }] as const) {
      await expect(all.audits.start(ADMIN, input)).rejects.toMatchObject({
        code: "invalid-request",
      });
    }
  });
});

function fixtureOf({ metadata, context }: TestService) {
  return { store: metadata, advance: (ms: number) => context.clock.sleep(ms) };
}

/** A context in which the project is deleted, whole, before one call of those that mend. */
function struckAt(
  one: One,
  at: number,
): { readonly context: Context; readonly isOver: () => boolean } {
  let isPlanned = false;
  let calls = 0;
  const counted = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(original, name) {
        const value: unknown = Reflect.get(original, name);
        if (typeof value !== "function") return value;
        return async (...args: unknown[]): Promise<unknown> => {
          if (name === "listFindings") isPlanned = true;
          else if (isPlanned && calls++ === at) await deleted(one);
          return await (value.apply(original, args) as Promise<unknown>);
        };
      },
    });
  const { store, metadata } = one.context;
  const context = { ...one.context, store: counted(store), metadata: counted(metadata) };
  return { context, isOver: () => calls > at };
}
