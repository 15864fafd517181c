import { afterEach, expect, test } from "vitest";
import { S3ObjectStore } from "../../src/adapters/s3/object-store.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import { isExpungeError } from "../../src/core/errors.ts";
import { canonicalPrefix } from "../../src/core/keys.ts";
import { ADMIN, makeService, putText } from "../support/context.ts";
import type { Fault } from "../wire/fault.ts";
import { entityBomb, hugeReply } from "../wire/fault-kinds.ts";
import type { Reply } from "../wire/reply.ts";
import { WireServer } from "../wire/server.ts";

const WAIT_MS = 60_000;
const HUGE_BYTES = 40 * 1024 * 1024;
/** Of a key that is damaged on its way another is removed; the listing after that shows it again. */
const DAMAGED_KEY = edited("a key that is not UTF-8", (text) => {
  const [head = "", rest] = text.split("stray</Key>");
  if (rest === undefined) return text;
  const damaged = [Buffer.from(head), Buffer.from([0x73, 0xff, 0xfe]), Buffer.from("</Key>")];
  return Buffer.concat([...damaged, Buffer.from(rest)]);
});

const LISTINGS = ["ListObjectsV2", "ListMultipartUploads"] as const;

const closings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

function edited(name: string, edit: (text: string) => string | Buffer): Fault {
  const change = (reply: Reply): Reply => {
    const body = Buffer.from(edit(Buffer.from(reply.body).toString("utf8")));
    return { ...reply, body };
  };
  return { name, edit: change };
}

const withoutHead = (text: string): string => text.replace(/^<\?xml[^>]*\?>\s*/, "");
const external = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>';
const parameter = '<!DOCTYPE x SYSTEM "http://169.254.169.254/latest/meta-data">';

/** Answers that say success by their status, and are no listing. */
const ANSWERS: readonly Fault[] = [
  entityBomb(),
  hugeReply(HUGE_BYTES),
  edited("an external entity", (text) =>
    (external + withoutHead(text)).replace(/<\/(\w+)>\s*$/, "<Note>&e;</Note></$1>"),
  ),
  edited("a document type elsewhere", (text) => parameter + withoutHead(text)),
  edited("UTF-16", (text) => Buffer.from(`\ufeff${text}`, "utf16le")),
  edited("an empty body", () => ""),
  edited("nothing but a declaration", () => '<?xml version="1.0"?>'),
  edited("an empty root", (text) => text.replace(/(<\w+Result[^>]*>)[^]*(<\/\w+Result>)/, "$1$2")),
  edited("another root", () => "<OK/>"),
  edited("crossed elements", (text) => text.replace(/<\/(\w+)>\s*$/, "<A><B></A></B></$1>")),
  edited("a cut in the midst of an element", (text) => text.slice(0, -5)),
  edited("a page for people", () => "<html><body>Welcome</body></html>"),
  edited("JSON", () => '{"Contents":[],"IsTruncated":false}'),
  edited("a NUL", (text) => `${text.slice(0, -5)}\0`),
];

const CASES = [
  ...LISTINGS.flatMap((operation) =>
    ANSWERS.map((fault) => [operation, fault.name, fault] as const),
  ),
  ["ListObjectsV2", DAMAGED_KEY.name, DAMAGED_KEY] as const,
];

test.each(CASES)(
  "a %s that is answered by %s ends no deletion, and once it is answered rightly the deletion ends",
  { timeout: 2 * WAIT_MS },
  async (operation, _name, fault) => {
    const server = await WireServer.start();
    const bucket = server.makeBucket("files", { partBytesMin: 1 });
    const { endpoint, region, credentials } = server;
    const place = { bucket: "files", endpoint, region, ...credentials, clock: new SystemClock() };
    const store = new S3ObjectStore(place);
    const service = await makeService({ wrap: () => store, pauseMaxMs: 5 });
    closings.push(async () => {
      await service.stop();
      store.close();
      await server.stop();
    });
    const { projects, deletions, receipts } = service.services;
    const { uid } = await projects.create(ADMIN, { id: "p1" });
    await putText(service, "p1", "a", "x");
    const stray = `${canonicalPrefix(uid)}stray`;
    await bucket.store.put(stray, new Uint8Array(1));
    const planned = server.faults.plan({ operation }, fault);
    const stuck = await deletions.wait(await deletions.request(ADMIN, "p1", {}), WAIT_MS);
    expect(planned.hits).toBeGreaterThan(0);
    expect(stuck.state).not.toBe("completed");
    expect(stuck.blocked).not.toBeNull();
    await expect(receipts.get(ADMIN, uid)).rejects.toSatisfy((error) =>
      isExpungeError(error, "receipt-not-found"),
    );
    server.faults.clear();
    const ended = await deletions.wait(await deletions.retry(ADMIN, stuck.id), WAIT_MS);
    expect(ended.state).toBe("completed");
    const left = [...bucket.store.snapshot().objects.keys()];
    expect(left.filter((key) => !key.startsWith(".expunge/"))).toEqual([]);
  },
);
