import { messageOfCode, type S3Code, statusOf } from "./errors.ts";
import type { Fault, ListingFault } from "./fault.ts";
import { emptyReply, errorReply, type Reply } from "./reply.ts";

/** A fault with what tests wait for. */
export interface LateFault extends Fault {
  readonly hasLanded: Promise<void>;
}

/** Refused before any effect. */
export function refuse(
  status: number,
  code: string,
  options: { readonly message?: string; readonly headers?: Reply["headers"] } = {},
): Fault {
  const reply = errorReply(status, code, options.message ?? "");
  const headers = { ...reply.headers, ...options.headers };
  return { name: `refuse ${status} ${code}`, instead: { ...reply, headers } };
}

/** Refused as S3 words it. */
export function refuseWith(code: S3Code, headers: Reply["headers"] = {}): Fault {
  return refuse(statusOf(code), code, { message: messageOfCode(code), headers });
}

/** The page of a proxy that stands before the store. */
export function proxyPage(status: number): Fault {
  const body = new TextEncoder().encode("<html><body><h1>Sorry</h1><br>Try later</body></html>");
  return {
    name: `proxy page ${status}`,
    instead: { status, headers: { "content-type": "text/html" }, body },
  };
}

/** No effect and no answer; the connection stays open. */
export function silence(): Fault {
  return { name: "silence", instead: "silence" };
}

/** No effect and no answer; the connection breaks. */
export function breakBefore(): Fault {
  return { name: "reset before the effect", instead: "reset" };
}

/** An address that leads to itself, for ever (RFC 3986, section 4.4: a same-document reference). */
export function redirectToItself(status: 301 | 307): Fault {
  const reply = emptyReply(status, { location: "#" });
  return { name: `redirect ${status} to itself`, instead: reply };
}

/** Refused by a status alone. */
export function refuseBare(status: number): Fault {
  return { name: `refuse ${status} without a body`, instead: emptyReply(status) };
}

/** The effect, and then an answer that denies it. */
export function failAfter(code: S3Code): Fault {
  const reply = errorReply(statusOf(code), code, messageOfCode(code));
  return { name: `effect, then ${code}`, edit: () => reply };
}

/** The effect, and then nothing of the answer. */
export function loseReply(end: "reset" | "close" | "hang"): Fault {
  return { name: `reply lost by ${end}`, lost: { share: null, end } };
}

/** The effect, and then only the first part of the answer's body. */
export function cutReply(end: "reset" | "close" | "hang", share = 0.5): Fault {
  return { name: `reply cut by ${end}`, lost: { share, end } };
}

/** No answer; the effect comes once `until` resolves, however long the client has given up. */
export function late(until: Promise<unknown>): LateFault {
  const { promise: hasLanded, resolve: landed } = Promise.withResolvers<void>();
  return { name: "late effect", until, landed, hasLanded, lost: { share: null, end: "hang" } };
}

/** The effect happens twice, as when something on the way sends the request again. */
export function twice(): Fault {
  return { name: "duplicate effect", effects: 2 };
}

/** Status 200, and an error in the body: AWS sends the head before Complete and copies are done. */
export function errorIn200(code: S3Code, options: { readonly effect?: boolean } = {}): Fault {
  const { body, headers } = errorReply(200, code, messageOfCode(code));
  const spaces = new TextEncoder().encode('<?xml version="1.0" encoding="UTF-8"?>\n   \n');
  const text = new TextDecoder().decode(body).replace(/^<\?xml[^>]*\?>\s*/, "");
  const reply = {
    status: 200,
    headers,
    body: Buffer.concat([spaces, Buffer.from(text)]),
    isError: true,
  };
  const name = `error in 200 ${code}`;
  return options.effect ? { name, edit: () => reply } : { name, instead: reply };
}

/**
 * An abort or the removal of one key is answered with success, and all is as before: parts that are on
 * their way can bring that about on AWS ("it might be necessary to abort multiple times"), a
 * completion on Ceph, a key that is read in another way on any store.
 */
export function inVain(): Fault {
  return { name: "in vain", instead: emptyReply(204) };
}

/** The reply of a DeleteObjects calls keys deleted that stay. */
export function falselyDeleted(isHit: (key: string) => boolean): Fault {
  return { name: "falsely deleted", entry: (key) => (isHit(key) ? { kind: "claimed" } : null) };
}

/** Some keys of a DeleteObjects come back as errors, and stay. */
export function entryErrors(
  code: S3Code,
  isHit: (key: string) => boolean,
  message?: string,
): Fault {
  const error = { kind: "error", code, message: message ?? messageOfCode(code) } as const;
  return { name: `entry error ${code}`, entry: (key) => (isHit(key) ? error : null) };
}

/** The reply of a DeleteObjects does not mention some keys. */
export function leaveOut(isHit: (key: string) => boolean, removes = false): Fault {
  const entry = { kind: "left-out", removes } as const;
  return { name: "entries left out", entry: (key) => (isHit(key) ? entry : null) };
}

/** The effect, and then the right status without a body. */
export function emptyReplyBody(): Fault {
  return { name: "empty body", edit: (reply) => ({ ...reply, body: new Uint8Array() }) };
}

/**
 * The effect, and then a document that ends in the midst, with a length that fits it.
 * @param bytes how much of it there is; without it, half
 */
export function malformedReply(bytes?: number): Fault {
  const first = (reply: Reply): Uint8Array =>
    reply.body.subarray(0, bytes ?? Math.ceil(reply.body.length / 2));
  return { name: "malformed body", edit: (reply) => ({ ...reply, body: first(reply) }) };
}

/** The effect, and then a well-formed document of this size, far beyond what any call answers. */
export function hugeReply(bytes: number): Fault {
  const edit = (reply: Reply): Reply => {
    const body = Buffer.alloc(bytes, " ");
    body.set(reply.body);
    return { ...reply, body };
  };
  return { name: "huge body", edit };
}

/** The effect, and then a document of a thousand bytes that unfolds to gigabytes ("billion laughs"). */
export function entityBomb(): Fault {
  const levels = Array.from({ length: 10 }, (_, i) => {
    const text = i === 0 ? "ha" : `&l${i - 1};`.repeat(10);
    return `<!ENTITY l${i} "${text}">`;
  });
  const edit = (reply: Reply): Reply => {
    const text = Buffer.from(reply.body)
      .toString()
      .replace(/^<\?xml[^>]*\?>\s*/, "");
    const bomb = text.replace(/<\/([\w]+)>\s*$/, "<Note>&l9;</Note></$1>");
    const body = Buffer.from(`<?xml version="1.0"?><!DOCTYPE x [${levels.join("")}]>${bomb}`);
    return { ...reply, body };
  };
  return { name: "entities that unfold", edit };
}

/** The right bytes under another etag. */
export function wrongEtag(): Fault {
  const etag = `"${"0".repeat(32)}"`;
  const edit = (reply: Reply): Reply => ({ ...reply, headers: { ...reply.headers, etag } });
  return { name: "wrong etag", edit };
}

export function listingFault(listing: ListingFault): Fault {
  return { name: `listing ${Object.keys(listing).join(" ")}`, listing };
}

/** A body that is shorter than what the store says of the object, whole as far as HTTP can tell. */
export function shortBody(bytes = 1): Fault {
  const edit = (reply: Reply): Reply => ({
    ...reply,
    body: reply.body.subarray(0, Math.max(0, reply.body.length - bytes)),
  });
  return { name: "short body", edit };
}

export function ignoreRange(): Fault {
  return { name: "range ignored", ignoresRange: true };
}
