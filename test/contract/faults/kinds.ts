import type { Fault } from "../../wire/fault.ts";
import {
  breakBefore,
  cutReply,
  emptyReplyBody,
  entityBomb,
  entryErrors,
  errorIn200,
  failAfter,
  falselyDeleted,
  hugeReply,
  inVain,
  late,
  leaveOut,
  listingFault,
  loseReply,
  malformedReply,
  proxyPage,
  redirectToItself,
  refuse,
  refuseBare,
  refuseWith,
  shortBody,
  silence,
  twice,
  wrongEtag,
} from "../../wire/fault-kinds.ts";
import type { FaultyCall } from "./calls.ts";

/** The size of a listing that nobody could have asked for. */
const HUGE_BYTES = 100 * 1024 * 1024;

/** Requests of one listing at most: Ceph's uploads are asked for twice, versions again and again. */
const PAGES = 20;

/** A way for one call of a store to go wrong. */
export interface FaultKind {
  readonly name: string;
  /** What is planted; `nobody listens`: the store is asked for at an address without a server. */
  readonly make: ((landing: Promise<void>) => Fault) | "nobody listens";
  /** How many requests it hits; without it, one. */
  readonly times?: number;
  /** Whether a store that is given up soon has to meet it. */
  readonly hangs?: boolean;
  /** Whether its effect comes after the call was given up. */
  readonly isLate?: boolean;
  /** Why a call cannot meet it; null where it can. */
  readonly cannot: (call: FaultyCall) => string | null;
}

const every = (): null => null;

/** Only these calls, by name. */
function only(...names: readonly string[]) {
  return (why: string) => (call: FaultyCall) => (names.includes(call.name) ? null : why);
}

const documents = ({ answer }: FaultyCall): string | null =>
  answer === "document" ? null : "its answer has no document";
const bodies = ({ answer }: FaultyCall): string | null =>
  answer === "document" || answer === "object" ? null : "its answer has no body";
const writes = ({ isWrite }: FaultyCall): string | null =>
  isWrite ? null : "it changes nothing that could come late, or twice";
const named = ({ operation }: FaultyCall): string | null =>
  operation === "HeadObject" ? "a HEAD has no body: its status is all there is" : null;
const batches = only("remove of several keys", "removeVersions")("it has no answer for each key");
const listings = only("list", "listVersions", "listUploads", "listParts")("it lists nothing");

const isFirst = (key: string): boolean => key.endsWith("r/1") || key.endsWith("v");
const isAny = (): boolean => true;

/** Refused before there is any effect. */
const REFUSALS: readonly FaultKind[] = [
  { name: "503 SlowDown", make: () => refuseWith("SlowDown"), cannot: every },
  { name: "503 SlowDown without words", make: () => refuse(503, "SlowDown"), cannot: every },
  { name: "503 ServiceUnavailable", make: () => refuseWith("ServiceUnavailable"), cannot: every },
  { name: "503 without a body", make: () => refuseBare(503), cannot: every },
  { name: "500 InternalError", make: () => refuseWith("InternalError"), cannot: every },
  { name: "500 without a body", make: () => refuseBare(500), cannot: every },
  {
    name: "429 with Retry-After",
    make: () => refuseWith("TooManyRequests", { "retry-after": "2" }),
    cannot: every,
  },
  { name: "403 AccessDenied", make: () => refuseWith("AccessDenied"), cannot: every },
  {
    name: "403 InvalidAccessKeyId",
    make: () => refuseWith("InvalidAccessKeyId"),
    cannot: named,
  },
  {
    name: "400 RequestTimeTooSkewed",
    make: () => refuse(400, "RequestTimeTooSkewed"),
    cannot: named,
  },
  { name: "501 NotImplemented", make: () => refuseWith("NotImplemented"), cannot: every },
  { name: "301 to itself", make: () => redirectToItself(301), cannot: every },
  { name: "307 to itself", make: () => redirectToItself(307), cannot: every },
  { name: "404 of a proxy", make: () => proxyPage(404), cannot: named },
  { name: "connection refused", make: "nobody listens", cannot: every },
  { name: "reset before the effect", make: breakBefore, cannot: every },
  { name: "silence", make: silence, hangs: true, cannot: every },
];

/** The effect is there, and the answer does not say so. */
const LOST: readonly FaultKind[] = [
  { name: "reply lost by a reset", make: () => loseReply("reset"), cannot: every },
  { name: "reply lost by a close", make: () => loseReply("close"), cannot: every },
  { name: "reply that hangs", make: () => loseReply("hang"), hangs: true, cannot: every },
  { name: "effect, then 500", make: () => failAfter("InternalError"), cannot: every },
  { name: "reply cut by a reset", make: () => cutReply("reset"), cannot: bodies },
  { name: "reply cut by a close", make: () => cutReply("close"), cannot: bodies },
  {
    name: "reply cut, then nothing",
    make: () => cutReply("hang"),
    hangs: true,
    cannot: bodies,
  },
  { name: "effect that comes late", make: late, hangs: true, isLate: true, cannot: writes },
  { name: "effect twice", make: twice, cannot: writes },
];

/** A good status, and words that are wrong. */
const WORDS: readonly FaultKind[] = [
  {
    name: "200 with an error, no effect",
    make: () => errorIn200("InternalError"),
    cannot: documents,
  },
  {
    name: "200 with an error, effect",
    make: () => errorIn200("InternalError", { effect: true }),
    cannot: documents,
  },
  { name: "200 with SlowDown in it", make: () => errorIn200("SlowDown"), cannot: documents },
  { name: "200 without a body", make: emptyReplyBody, cannot: bodies },
  { name: "200 with half a document", make: () => malformedReply(), cannot: documents },
  { name: "200 with a proxy's page", make: () => proxyPage(200), cannot: bodies },
  { name: "entities that unfold", make: entityBomb, cannot: documents },
  { name: "100 MB of body", make: () => hugeReply(HUGE_BYTES), cannot: documents },
];

/** Of one kind of call alone. */
const SPECIAL: readonly FaultKind[] = [
  {
    name: "errors for some keys",
    make: () => entryErrors("InternalError", isFirst),
    cannot: batches,
  },
  { name: "errors for all keys", make: () => entryErrors("SlowDown", isAny), cannot: batches },
  { name: "denial of one key", make: () => entryErrors("AccessDenied", isFirst), cannot: batches },
  { name: "entries missing", make: () => leaveOut(isFirst), cannot: batches },
  { name: "neither Deleted nor Error", make: () => leaveOut(isAny, true), cannot: batches },
  { name: "calls deleted what stays", make: () => falselyDeleted(isAny), cannot: batches },
  {
    name: "page without token",
    make: () => listingFault({ withoutToken: true }),
    times: PAGES,
    cannot: listings,
  },
  {
    name: "token repeated",
    make: () => listingFault({ entriesMax: 1, repeatsToken: true }),
    times: PAGES,
    cannot: listings,
  },
  {
    name: "page of one entry",
    make: () => listingFault({ entriesMax: 1 }),
    times: PAGES,
    cannot: listings,
  },
  {
    name: "page of no entries",
    make: () => listingFault({ empty: true }),
    cannot: only("list")("its listing goes on behind an entry, which an empty page has not"),
  },
  {
    name: "key of another prefix",
    make: () => listingFault({ foreignKey: "elsewhere" }),
    times: PAGES,
    cannot: only("list", "listVersions", "listUploads")("it lists no keys"),
  },
  {
    name: "204, and it lives on",
    make: inVain,
    cannot: only("abortUpload", "remove of one key")("it is not answered by a status alone"),
  },
  {
    name: "204, and it lives on for ever",
    make: inVain,
    times: 100,
    cannot: only("abortUpload", "remove of one key")("it is not answered by a status alone"),
  },
  {
    name: "404 NoSuchUpload",
    make: () => refuseWith("NoSuchUpload"),
    cannot: only(
      "uploadPart",
      "copyPart",
      "listParts",
      "completeUpload",
      "abortUpload",
    )("it names no upload"),
  },
  {
    name: "404 NoSuchKey",
    make: () => refuseWith("NoSuchKey"),
    cannot: only("get", "head", "remove of one key")("it names no single object"),
  },
  {
    name: "body shorter than the object",
    make: () => shortBody(),
    cannot: only("get")("it reads no object's bytes"),
  },
  { name: "wrong etag", make: wrongEtag, cannot: only("get", "head")("it reads no object") },
];

/** Everything that can go wrong with a call of a store; what else is asked for is in `ELSEWHERE`. */
export const FAULTS: readonly FaultKind[] = [...REFUSALS, ...LOST, ...WORDS, ...SPECIAL];

/** Faults that no row can show, with the reason, and where they are tested. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  "1,001 keys in one removal": "refused before a request: test/contract/object-store/removal.ts",
  "a listing that is out of date":
    "no store that is supported shows one; a sweep repeats: test/adapters/s3-faults-reading.test.ts",
  "keys that XML must escape": "no fault but data: test/contract/object-store/special-keys.ts",
  "an upload that appears behind the listing": "test/services/wire-deletion.test.ts",
  "an abort beside a completion": "test/contract/object-store/races.ts",
  "an object under lock": "test/adapters/s3-refusals.server.test.ts",
  "a name that is not found": "test/adapters/s3-trouble.server.test.ts",
};
