import { CALLS, type End, type FaultyCall } from "./calls.ts";

/** What a fault comes to. */
interface Rule {
  /** How calls end that meet it. */
  readonly end: End;
  /** How these end in another way, by their names. */
  readonly except?: Readonly<Record<string, End>>;
  /**
   * Whether writes have had their effect when they end so; of single calls, by their names, the whole
   * state where it is neither.
   */
  readonly effect: "none" | "whole" | "late" | Readonly<Record<string, string>>;
}

/** Where stores differ. */
export interface Differences {
  /** A completion that is repeated is answered like the first one (AWS, Ceph), or as over. */
  readonly completesAgain: boolean;
}

type Calls = readonly string[];
const ALL: Calls = CALLS.map(({ name }) => name);
const LISTINGS: Calls = ["list", "listVersions", "listUploads", "listParts"];
const BATCHES: Calls = ["remove of several keys", "removeVersions"];

function each(calls: Calls, end: End): Readonly<Record<string, End>> {
  return Object.fromEntries(calls.map((name) => [name, end]));
}

const UNKNOWN: Readonly<Record<string, End>> = {
  ...each(LISTINGS, "listing-broken unknown"),
  // Of a probe that cannot be read it follows that this one thing is not known.
  capabilities: "done",
};

/** A completion whose reply is lost asks for the upload, and finds it over: look at the key. */
const OVER = { completeUpload: "no-such-upload permanent" } as const;

const THROTTLED: Rule = { end: "throttled retryable", effect: "none" };
const UNAVAILABLE: Rule = { end: "store-unavailable retryable", effect: "none" };
const LOST: Rule = { end: "store-unavailable retryable", except: OVER, effect: "whole" };
const UNREADABLE: Rule = { end: "unlisted-reply unknown", except: UNKNOWN, effect: "whole" };
const ENTRY_STAYS = {
  "remove of several keys": "r/1 of 10",
  removeVersions: "v of 10 + v of 10",
};

/** Of each fault what every call that can meet it comes to; the names are those of `kinds.ts`. */
export const RULES: Readonly<Record<string, Rule>> = {
  "503 SlowDown": THROTTLED,
  "503 SlowDown without words": THROTTLED,
  "503 ServiceUnavailable": THROTTLED,
  "503 without a body": THROTTLED,
  "500 InternalError": UNAVAILABLE,
  "500 without a body": UNAVAILABLE,
  "429 with Retry-After": THROTTLED,
  "403 AccessDenied": {
    end: "access-denied blocked",
    except: { capabilities: "done" },
    effect: "none",
  },
  "403 InvalidAccessKeyId": { end: "invalid-credentials blocked", effect: "none" },
  "400 RequestTimeTooSkewed": { end: "clock-skew blocked", effect: "none" },
  "501 NotImplemented": {
    end: "not-supported permanent",
    // A batch is sent once more with the older checksum, which is what stores refuse so.
    except: { capabilities: "done", ...each(BATCHES, "done") },
    effect: { "remove of several keys": "as wanted", removeVersions: "as wanted" },
  },
  "301 to itself": { end: "wrong-region blocked", effect: "none" },
  "307 to itself": { end: "wrong-region blocked", effect: "none" },
  "404 of a proxy": { end: "unlisted-reply unknown", except: UNKNOWN, effect: "none" },
  "connection refused": UNAVAILABLE,
  "reset before the effect": UNAVAILABLE,
  silence: { end: "timeout retryable", effect: "none" },

  "reply lost by a reset": LOST,
  "reply lost by a close": LOST,
  "reply that hangs": { end: "timeout retryable", effect: "whole" },
  "effect, then 500": LOST,
  "reply cut by a reset": LOST,
  "reply cut by a close": LOST,
  "reply cut, then nothing": { end: "timeout retryable", effect: "whole" },
  "effect that comes late": { end: "timeout retryable", effect: "late" },
  "effect twice": {
    end: "done",
    except: { abortUpload: "no-such-upload permanent" },
    effect: "whole",
  },

  "200 with an error, no effect": UNAVAILABLE,
  "200 with an error, effect": LOST,
  "200 with SlowDown in it": THROTTLED,
  "200 without a body": {
    ...UNREADABLE,
    except: { ...UNKNOWN, get: "other bytes, with their own size" },
  },
  "200 with half a document": UNREADABLE,
  "200 with a proxy's page": { ...UNREADABLE, effect: "none" },
  "entities that unfold": UNREADABLE,
  "100 MB of body": UNREADABLE,

  "errors for some keys": { end: "store-unavailable retryable", effect: ENTRY_STAYS },
  "errors for all keys": THROTTLED,
  "denial of one key": { end: "access-denied blocked", effect: ENTRY_STAYS },
  "entries missing": { end: "unlisted-reply retryable", effect: ENTRY_STAYS },
  "neither Deleted nor Error": { end: "unlisted-reply retryable", effect: "whole" },
  // Replies are progress: only the listing behind it finds out (R5, R6).
  "calls deleted what stays": { end: "done", effect: "none" },
  "page without token": { end: "listing-broken unknown", effect: "none" },
  "token repeated": { end: "listing-broken unknown", effect: "none" },
  "page of one entry": { end: "done", effect: "none" },
  "page of no entries": { end: "done", effect: "none" },
  "key of another prefix": { end: "listing-broken unknown", effect: "none" },
  // An upload is looked for and aborted again; of a key the listing finds out (R6).
  "204, and it lives on": { end: "done", effect: { abortUpload: "as wanted" } },
  "204, and it lives on for ever": {
    end: "store-unavailable retryable",
    except: { "remove of one key": "done" },
    effect: "none",
  },
  // As good as success of an abort: that nothing is left is for the listing to say (R2).
  "404 NoSuchUpload": { end: "no-such-upload permanent", effect: "none" },
  "404 NoSuchKey": {
    end: "no-such-key permanent",
    except: { "remove of one key": "done" },
    effect: "none",
  },
  // Whole as far as HTTP can tell: the row knows the size (test/services/file-bytes.test.ts).
  "body shorter than the object": { end: "other bytes, with their own size", effect: "none" },
  // No decision rests on an object's etag.
  "wrong etag": { end: "done", effect: "none" },
};

/** Every call of `RULES` that an exception names must be one. */
export function unknownNames(): readonly string[] {
  const names = Object.values(RULES).flatMap(({ except = {}, effect }) => [
    ...Object.keys(except),
    ...(typeof effect === "string" ? [] : Object.keys(effect)),
  ]);
  return names.filter((name) => !ALL.includes(name));
}

/** What the call comes to that meets the fault, and what when it is made again; as `Meeting` says it. */
export function expected(fault: string, call: FaultyCall, differences: Differences): string {
  const rule = RULES[fault];
  if (rule === undefined) return "no rule";
  const { effect } = rule;
  const states = typeof effect === "string" ? effect : (effect[call.name] ?? "none");
  const met = endOf(fault, rule, call, differences);
  if (!call.isWrite) return `${met}, nothing changed; again done, nothing changed`;
  if (call.name === "createUpload") return `${met}, ${ofCreation(fault, states)}`;
  if (states === "none") return `${met}, as before; again done, as wanted`;
  const isDone = states === "whole" || states === "late" || states === "as wanted";
  const seen = states === "late" ? "as before, later as wanted" : isDone ? "as wanted" : states;
  return `${met}, ${seen}; again ${isDone ? afterEffect(call, differences) : "done"}, as wanted`;
}

/** An upload that is over is not open again. */
function afterEffect({ name }: FaultyCall, { completesAgain }: Differences): End {
  const isOver = name === "abortUpload" || (name === "completeUpload" && !completesAgain);
  return isOver ? "no-such-upload permanent" : "done";
}

/** Of an effect that comes twice the second answer is the one that arrives. */
function endOf(fault: string, rule: Rule, call: FaultyCall, differences: Differences): End {
  const isSecond = fault === "effect twice" && call.name === "completeUpload";
  return isSecond ? afterEffect(call, differences) : (rule.except?.[call.name] ?? rule.end);
}

/** Each creation opens one more: what nobody knows of is found by a listing, and aborted (R2). */
function ofCreation(fault: string, states: string): string {
  const open = (count: number): string =>
    Array.from({ length: count }, () => "upload open with []").join(" + ");
  if (states === "none") return "as before; again done, as wanted";
  if (states === "late") return `as before, later as wanted; again done, ${open(2)}`;
  if (fault === "effect twice") return `${open(2)}; again done, ${open(3)}`;
  return `as wanted; again done, ${open(2)}`;
}
