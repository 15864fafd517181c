import { describe, expect, it } from "vitest";
import type { Bucket, BucketOptions } from "../wire/bucket.ts";
import type { Fault } from "../wire/fault.ts";
import {
  inVain,
  cutReply,
  emptyReplyBody,
  errorIn200,
  late,
  loseReply,
  malformedReply,
  proxyPage,
  refuse,
  refuseWith,
  silence,
} from "../wire/fault-kinds.ts";
import { CALLS, type End, endOf, type FaultyCall } from "../contract/faults/calls.ts";
import { useS3OnWire } from "./s3-faults-fixture.ts";

const start = useS3OnWire();

/** Makes the call while its request meets the fault, once; answers its end and the requests it took. */
async function meet(call: FaultyCall, fault: Fault) {
  const { server, store, hasty, bucket } = await start({}, bucketFor(call));
  const prepared = await call.prepare(store);
  const before = server.requests[call.operation];
  const planned = server.faults.plan({ operation: call.operation, times: 1 }, fault);
  const end = await endOf(prepared(hangs(fault) ? hasty : store));
  expect(planned.hits, `${call.name} meets ${fault.name}`).toBe(1);
  const requests = server.requests[call.operation] - before;
  return { end, requests, bucket, again: () => endOf(prepared(store)) };
}

function bucketFor({ isVersioned }: FaultyCall): BucketOptions {
  return isVersioned ? { versioning: "enabled" } : {};
}

function hangs({ instead, lost }: Fault): boolean {
  return instead === "silence" || lost?.end === "hang";
}

/** The ends of these calls, each with the fault of its own: a table to be compared with another. */
async function endsOf(
  calls: readonly FaultyCall[],
  fault: () => Fault,
): Promise<Record<string, End>> {
  const ends = await Promise.all(
    calls.map(async (call) => [call.name, (await meet(call, fault())).end] as const),
  );
  return Object.fromEntries(ends);
}

function all(calls: readonly FaultyCall[], end: End, others: Record<string, End> = {}) {
  return { ...Object.fromEntries(calls.map(({ name }) => [name, end])), ...others };
}

const DOCUMENTS = CALLS.filter(({ answer }) => answer === "document");
const LISTINGS = { list: 0, listVersions: 0, listUploads: 0, listParts: 0 };

/** What a reply that cannot be read is called; of a listing it has a name of its own. */
function unreadable(calls: readonly FaultyCall[]): Record<string, End> {
  const ends = calls.map(({ name }): [string, End] => {
    // Of a probe it follows that this one thing is not known.
    if (name === "capabilities") return [name, "done"];
    return [name, name in LISTINGS ? "listing-broken unknown" : "unlisted-reply unknown"];
  });
  return Object.fromEntries(ends);
}

describe("every call of the S3 store", () => {
  it("is there to meet faults, and ends well without", async () => {
    for (const call of CALLS) {
      const { store } = await start({}, bucketFor(call));
      expect(await endOf((await call.prepare(store))(store)), call.name).toBe("done");
    }
  });

  it("takes a server's failure for one that passes", async () => {
    for (const fault of [
      () => refuseWith("InternalError"),
      () => refuse(500, "InternalError"),
      () => proxyPage(500),
      () => proxyPage(502),
      () => proxyPage(504),
    ]) {
      expect(await endsOf(CALLS, fault)).toEqual(all(CALLS, "store-unavailable retryable"));
    }
  });

  it("takes a demand for fewer requests for one, whatever its words", async () => {
    for (const fault of [
      () => refuseWith("SlowDown"),
      () => refuse(503, "SlowDown"),
      () => refuseWith("TooManyRequests"),
      () => proxyPage(429),
      () => proxyPage(503),
    ]) {
      expect(await endsOf(CALLS, fault)).toEqual(all(CALLS, "throttled retryable"));
    }
  });

  it("hands on for how long the store wants to be left alone", async () => {
    for (const [value, ms] of [
      ["7", 7000],
      [undefined, null],
    ] as const) {
      for (const call of CALLS) {
        const { server, store } = await start({}, bucketFor(call));
        const run = await call.prepare(store);
        const fault = refuseWith("SlowDown", value === undefined ? {} : { "retry-after": value });
        server.faults.plan({ operation: call.operation, times: 1 }, fault);
        await expect(run(store), call.name).rejects.toMatchObject({
          code: "throttled",
          retryAfterMs: ms,
        });
      }
    }
  });

  it("is blocked by a denial, and by what somebody has to set right first", async () => {
    // Of a probe that is denied it follows that this one thing is not known.
    const ends = await endsOf(CALLS, () => refuseWith("AccessDenied"));
    expect(ends).toEqual(all(CALLS, "access-denied blocked", { capabilities: "done" }));
    const withBody = CALLS.filter(({ name }) => name !== "head");
    for (const [code, end] of [
      ["InvalidAccessKeyId", "invalid-credentials blocked"],
      ["SignatureDoesNotMatch", "invalid-credentials blocked"],
      ["RequestTimeTooSkewed", "clock-skew blocked"],
      ["NoSuchBucket", "no-such-bucket blocked"],
      ["AuthorizationHeaderMalformed", "wrong-region blocked"],
    ] as const) {
      expect(await endsOf(withBody, () => refuseWith(code)), code).toEqual(all(withBody, end));
    }
    expect(await endsOf(withBody, () => refuse(301, "PermanentRedirect"))).toEqual(
      all(withBody, "wrong-region blocked"),
    );
  });

  it("gives up a store that does not answer, and never takes silence for an end", async () => {
    expect(await endsOf(CALLS, silence)).toEqual(all(CALLS, "timeout retryable"));
    expect(await endsOf(CALLS, () => loseReply("hang"))).toEqual(all(CALLS, "timeout retryable"));
    const replies = CALLS.filter(({ answer }) => answer === "document" || answer === "object");
    expect(await endsOf(replies, () => cutReply("hang"))).toEqual(
      all(replies, "timeout retryable"),
    );
  });

  it("takes a connection that breaks for one that passes, wherever it breaks", async () => {
    // A completion whose reply is lost asks for the upload, and finds it over.
    const over = { completeUpload: "no-such-upload permanent" } as const;
    for (const end of ["reset", "close"] as const) {
      expect(await endsOf(CALLS, () => loseReply(end)), end).toEqual(
        all(CALLS, "store-unavailable retryable", over),
      );
      const replies = CALLS.filter(({ answer }) => answer === "document" || answer === "object");
      expect(await endsOf(replies, () => cutReply(end)), end).toEqual(
        all(replies, "store-unavailable retryable", over),
      );
    }
  });

  it("concludes nothing from a reply that is no document of S3's, or half of one", async () => {
    for (const fault of [emptyReplyBody, malformedReply, () => proxyPage(200)]) {
      expect(await endsOf(DOCUMENTS, fault), fault().name).toEqual(unreadable(DOCUMENTS));
    }
    const headers = CALLS.filter(({ answer }) => answer === "headers");
    expect(await endsOf(headers, () => proxyPage(200))).toEqual(unreadable(headers));
    const withBody = CALLS.filter(({ operation }) => operation !== "HeadObject");
    expect(await endsOf(withBody, () => proxyPage(404))).toEqual(unreadable(withBody));
  });

  it("knows nothing of versions where the store may not say or cannot be understood", async () => {
    const { server, store } = await start();
    for (const fault of [refuseWith("AccessDenied"), emptyReplyBody(), proxyPage(200)]) {
      server.faults.plan({ operation: "GetBucketVersioning", times: 1 }, fault);
      expect((await store.capabilities({ fresh: true })).versioning, fault.name).toBe("unknown");
    }
    expect((await store.capabilities({ fresh: true })).versioning).toBe("none");
  });

  it("takes an error in a 200 for the error that it is, whether or not it took effect", async () => {
    for (const effect of [false, true]) {
      const over = effect ? ({ completeUpload: "no-such-upload permanent" } as const) : {};
      expect(await endsOf(DOCUMENTS, () => errorIn200("InternalError", { effect }))).toEqual(
        all(DOCUMENTS, "store-unavailable retryable", over),
      );
    }
    expect(await endsOf(DOCUMENTS, () => errorIn200("SlowDown"))).toEqual(
      all(DOCUMENTS, "throttled retryable"),
    );
  });

  it("is sent once: what to repeat is not for the adapter to say", async () => {
    for (const fault of [() => refuseWith("InternalError"), () => loseReply("reset"), silence]) {
      const sent = await Promise.all(
        CALLS.map(async (call) => [call.name, (await meet(call, fault())).requests] as const),
      );
      expect(Object.fromEntries(sent)).toEqual(
        Object.fromEntries(CALLS.map(({ name }) => [name, 1])),
      );
    }
  });

  it("ends with the signal's reason while the store hangs", async () => {
    const { server, store } = await start({}, { versioning: "enabled" });
    const given = async (call: (signal: AbortSignal) => Promise<unknown>) => {
      const controller = new AbortController();
      const planned = server.faults.plan({ operation: "any", times: 1 }, silence());
      const calling = call(controller.signal);
      const ended = expect(calling).rejects.toThrow("not wanted any more");
      await expect.poll(() => planned.hits).toBe(1);
      controller.abort(new Error("not wanted any more"));
      await ended;
    };
    await store.capabilities();
    await given((signal) => store.list("", { signal }));
    await given((signal) => store.get("k", undefined, signal));
    await given((signal) => store.head("k", signal));
    await given((signal) => store.remove(["a", "b"], signal));
    await given((signal) => store.remove(["a"], signal));
    await given((signal) => store.listVersions("", { signal }));
    await given((signal) => store.listParts("k", "id", signal));
    await given((signal) => store.abortUpload("k", "id", signal));
    await given((signal) => store.listUploads("", { signal }));
  });
});

describe("every write to the S3 store", () => {
  const writes = CALLS.filter(({ isWrite }) => isWrite);

  it("ends as a timeout where its effect comes later, and does not undo it", async () => {
    const ends = writes.map(async (call) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const fault = late(promise);
      const { end, bucket } = await meet(call, fault);
      expect(end, call.name).toBe("timeout retryable");
      const before = shapeOf(bucket);
      resolve();
      await fault.hasLanded;
      expect(shapeOf(bucket), call.name).not.toEqual(before);
    });
    await Promise.all(ends);
  });

  it("aborts again where the upload is still there, and says so where it stays", async () => {
    const { server, store, bucket } = await start();
    const target = { operation: "AbortMultipartUpload" } as const;
    const uploadId = await store.createUpload("k", "text/plain");
    server.faults.plan({ ...target, times: 2 }, inVain());
    await store.abortUpload("k", uploadId);
    expect(bucket.store.snapshot().uploads.size).toBe(0);
    expect(server.requests.AbortMultipartUpload).toBe(3);
    const stays = await store.createUpload("k", "text/plain");
    server.faults.plan(target, inVain());
    expect(await endOf(store.abortUpload("k", stays))).toBe("store-unavailable retryable");
    expect(bucket.store.snapshot().uploads.size).toBe(1);
  });

  it("may be repeated after its reply was lost, and ends well or says that it is over", async () => {
    // The body of a part is read once; who has it again sends it again.
    const repeatable = writes.filter(({ name }) => name !== "uploadPart");
    const over = "no-such-upload permanent" as const;
    const ends = await Promise.all(
      repeatable.map(async (call) => {
        const { again } = await meet(call, loseReply("hang"));
        return [call.name, await again()] as const;
      }),
    );
    expect(Object.fromEntries(ends)).toEqual(
      all(repeatable, "done", { completeUpload: over, abortUpload: over }),
    );
  });
});

/** What of a bucket a write changes. */
function shapeOf({ store }: Bucket): unknown {
  const { objects, uploads } = store.snapshot();
  const parts = [...uploads].map(([id, upload]) => [id, [...upload.parts.keys()]]);
  return [[...objects.keys()], parts];
}
