import { afterEach, beforeEach, expect, test } from "vitest";
import type { ExpungeClient, UploadJson } from "../../src/client/index.ts";
import { failureOf, type Served, serveHttp } from "./support.ts";

const MiB = 1024 * 1024;

let served: Served;
let alice: ExpungeClient;
let project: string;

beforeEach(async () => {
  served = await serveHttp();
  alice = served.clientOf("alice");
  project = (await alice.projects.create()).id;
});
afterEach(() => served.close());

/** Two parts of 16 MiB and a small one, all different. */
const BYTES = new Uint8Array(33 * MiB);
for (let mib = 0; mib < 33; mib++) BYTES.fill(mib, mib * MiB, (mib + 1) * MiB);

async function isStored(path: string): Promise<boolean> {
  const got = await (await alice.files.get(project, path)).bytes();
  return Buffer.compare(got, BYTES) === 0;
}

function urlOf(input: Parameters<typeof fetch>[0]): string {
  return input instanceof Request ? input.url : input.toString();
}

/** A fetch that counts the parts under way, and holds each back until it is let go. */
function heldParts(): {
  fetch: typeof fetch;
  sent: string[];
  atOnceMax: () => number;
  started: (count: number) => Promise<void>;
  letGo: () => void;
} {
  const sent: string[] = [];
  const gate = Promise.withResolvers<void>();
  let under = 0;
  let most = 0;
  let seen = (): void => undefined;
  return {
    sent,
    atOnceMax: () => most,
    started: (count) =>
      new Promise((resolve) => {
        seen = () => (sent.length >= count ? resolve() : undefined);
        seen();
      }),
    letGo: () => gate.resolve(),
    fetch: async (input, init) => {
      if (init?.method !== "PUT") return await fetch(input, init);
      sent.push(new URL(urlOf(input)).pathname.split("/").at(-1) ?? "");
      most = Math.max(most, ++under);
      seen();
      try {
        const ended = new Promise<never>((_, reject) => {
          init.signal?.addEventListener("abort", () => reject(new Error("ended")));
        });
        await Promise.race([gate.promise, ended]);
        return await fetch(input, init);
      } finally {
        under--;
      }
    },
  };
}

test("a direct upload sends its parts, tells its progress and makes the file", async () => {
  const progress: number[] = [];
  const blob = new Blob([BYTES], { type: "video/mp4" });
  const upload = alice.uploads.start(project, "film.mp4", blob, {
    metadata: { scene: 1 },
    onProgress: ({ sentBytes }) => progress.push(sentBytes),
  });
  const file = await upload.done;
  expect(file).toMatchObject({
    path: "film.mp4",
    sizeBytes: BYTES.length,
    contentType: "video/mp4",
    metadata: { scene: 1 },
  });
  expect([progress[0], progress.at(-1), progress.length]).toEqual([0, BYTES.length, 4]);
  expect(await isStored("film.mp4")).toBe(true);
});

test("an empty file and one of a source of its own are uploaded, too", async () => {
  expect((await alice.uploads.start(project, "empty", new Blob([])).done).sizeBytes).toBe(0);
  const source = {
    sizeBytes: BYTES.length,
    read: (start: number, end: number) =>
      new Blob([BYTES.subarray(start, end)]).stream() as ReadableStream<Uint8Array>,
  };
  await alice.uploads.start(project, "streamed", source).done;
  expect(await isStored("streamed")).toBe(true);
});

test("a new upload of one part takes four calls: nobody asks what has arrived", async () => {
  const methods: string[] = [];
  const client = served.clientOf("alice", {
    fetch: async (input, init) => {
      methods.push(init?.method ?? "GET");
      return await fetch(input, init);
    },
  });
  await client.uploads.start(project, "small", new Blob(["small"])).done;
  expect(methods).toEqual(["POST", "GET", "PUT", "POST"]);
});

test("no more parts are under way than were allowed", async () => {
  const held = heldParts();
  const client = served.clientOf("alice", { fetch: held.fetch });
  const upload = client.uploads.start(project, "f", BYTES, { partsInFlight: 2 });
  await held.started(2);
  held.letGo();
  await upload.done;
  expect([held.atOnceMax(), held.sent.sort()]).toEqual([2, ["1", "2", "3"]]);
});

test("a paused upload sends nothing until it is resumed, and then what is missing", async () => {
  const held = heldParts();
  const client = served.clientOf("alice", { fetch: held.fetch });
  const upload = client.uploads.start(project, "f", BYTES);
  await held.started(3);
  upload.pause();
  held.letGo();
  expect((await alice.projects.get(project)).fileCount).toBe(0);
  expect(held.sent).toHaveLength(3);
  upload.resume();
  await upload.done;
  expect(held.sent.length).toBeGreaterThan(3);
  expect(await isStored("f")).toBe(true);
});

test("an upload goes on in another process with the parts that have not arrived", async () => {
  const stop = new AbortController();
  let kept: UploadJson | undefined;
  const first = alice.uploads.start(project, "f", BYTES, {
    partsInFlight: 1,
    signal: stop.signal,
    onOpen: (upload) => (kept = upload),
    onProgress: ({ sentBytes }) => (sentBytes > 0 ? stop.abort(new Error("reload")) : undefined),
  });
  await expect(first.done).rejects.toThrow("reload");
  if (!kept) throw new Error("not opened");
  const arrived = await alice.uploads.parts(project, kept.uploadId);
  expect(arrived.map(({ partNumber }) => partNumber)).toEqual([1]);
  const starts: number[] = [];
  const source = {
    sizeBytes: BYTES.length,
    read: (start: number, end: number) => {
      starts.push(start);
      return BYTES.subarray(start, end);
    },
  };
  await alice.uploads.start(project, "f", source, { resume: kept }).done;
  expect(starts).toEqual([16 * MiB, 32 * MiB]);
  expect(await isStored("f")).toBe(true);
  const other = alice.uploads.start(project, "f", new Uint8Array(5), { resume: kept });
  expect(await failureOf(other.done)).toEqual({ code: "invalid-request", status: 0 });
});

test("an aborted upload is discarded, and makes no file", async () => {
  const held = heldParts();
  const client = served.clientOf("alice", { fetch: held.fetch });
  let uploadId = "";
  const upload = client.uploads.start(project, "f", BYTES, {
    onOpen: (opened) => ({ uploadId } = opened),
  });
  await held.started(1);
  await upload.abort();
  await expect(upload.done).rejects.toThrow(/abort/);
  expect(await alice.files.exists(project, "f")).toBe(false);
  expect(await failureOf(alice.uploads.complete(project, uploadId))).toEqual({
    code: "upload-not-open",
    status: 409,
  });
});

test("a part that does not arrive is sent again, to a URL of its own", async () => {
  let failures = 0;
  const urls = new Set<string>();
  const flaky: typeof fetch = async (input, init) => {
    if (init?.method !== "PUT") return await fetch(input, init);
    urls.add(urlOf(input));
    if (failures++ === 0) throw new TypeError("connection reset");
    if (failures === 2) return new Response("<Error/>", { status: 403 });
    return await fetch(input, init);
  };
  const client = served.clientOf("alice", { fetch: flaky });
  await client.uploads.start(project, "f", BYTES).done;
  expect(failures).toBe(5);
  expect(await isStored("f")).toBe(true);
});

test("parts that were sent by hand are named when the upload is completed", async () => {
  const upload = await alice.uploads.open(project, { path: "f", sizeBytes: 3 });
  await alice.uploads.sendPart(project, upload.uploadId, 1, "abc");
  const parts = await alice.uploads.parts(project, upload.uploadId);
  const file = await alice.uploads.complete(project, upload.uploadId, { parts });
  expect(file.sizeBytes).toBe(3);
  expect(await failureOf(alice.uploads.abort(project, upload.uploadId))).toMatchObject({
    code: "upload-not-open",
  });
});
