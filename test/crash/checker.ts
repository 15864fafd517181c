import type { S3Bucket } from "../support/s3-bucket.ts";
import { checkBucket, checkChain, checkProjects } from "./check.ts";
import { expectationsOf } from "./expectations.ts";
import { BucketEye, ReceiptVerifier, type Rows, SqlEye } from "./eyes.ts";
import type { Facts, Violation } from "./facts.ts";
import { type Event, readHistory } from "./history.ts";
import { CRASH_LIMITS } from "./limits.ts";
import { prefixesOf } from "./places.ts";
import { pause } from "./strike.ts";

export interface CheckerPlaces {
  readonly databaseUrl: string;
  readonly bucket: S3Bucket;
  /** Where receipts may be written down. */
  readonly dir: string;
  /** A service's data dir, for its public keys. */
  readonly dataDir: string;
}

/**
 * Holds the history against the bucket and the rows. It shares nothing with expunge but the command
 * line's `receipt verify`: a client of the SDK, plain SQL, and its own words for where objects lie.
 */
export class Checker {
  readonly sql: SqlEye;
  readonly verifier: ReceiptVerifier;
  readonly #bucket: BucketEye;

  constructor({ databaseUrl, bucket, dir, dataDir }: CheckerPlaces) {
    this.sql = new SqlEye(databaseUrl);
    this.#bucket = new BucketEye(bucket);
    this.verifier = new ReceiptVerifier(dir, dataDir);
  }

  /** The projects of these events, and what lies below their prefixes. */
  async checkEvents(events: readonly Event[]): Promise<readonly Violation[]> {
    const expected = expectationsOf(events);
    const uids = await this.sql.uidsOf([...expected.keys()]);
    return await lookUntilStill(async () => {
      const rows = await this.sql.rows(uids);
      const prefixes = rows.projects.flatMap(prefixesOf);
      const facts = await this.#facts(rows, [...prefixes, ".expunge/tombstones/"], events);
      return checkProjects(expected.values(), facts);
    });
  }

  /** The whole bucket and all rows, against the history as its file has it. */
  async checkAll(historyPath: string): Promise<readonly Violation[]> {
    const events = await readHistory(historyPath);
    const expected = expectationsOf(events);
    const beside = new Map(
      events.flatMap((event) =>
        "planted" in event && event.project === null ? [[event.key, event.sha256] as const] : [],
      ),
    );
    return await lookUntilStill(async () => {
      const rows = await this.sql.rows(null);
      const facts = await this.#facts(rows, [""], events);
      return [
        ...checkProjects(expected.values(), facts),
        ...checkChain(facts),
        ...checkBucket(facts, beside),
      ];
    });
  }

  /** Rows first: what a receipt says is gone must not be listed after it was read. */
  async #facts(rows: Rows, prefixes: readonly string[], events: readonly Event[]): Promise<Facts> {
    const keys = new Set<string>();
    const versions: string[] = [];
    for (const prefix of prefixes) {
      for (const key of await this.#bucket.keys(prefix)) keys.add(key);
      if (prefix.startsWith(".expunge/")) continue;
      versions.push(...(await this.#bucket.versions(prefix)).filter((key) => !keys.has(key)));
    }
    const storedUploads = await this.#bucket.uploads("");
    const planted = events.flatMap((event) => ("planted" in event ? [event.key] : []));
    const tracked = rows.files.flatMap(({ key }) => (key === null ? [] : [key]));
    const contents = await this.#bucket.contents([...planted, ...tracked]);
    const verdicts = new Map<string, string | null>();
    const copies = new Map<string, string>();
    for (const receipt of rows.receipts) {
      verdicts.set(receipt.projectUid, await this.verifier.verdict(receipt));
      const key = `.expunge/receipts/${receipt.projectUid}.jws`;
      const copy = await this.#bucket.read(key);
      if (copy !== null) copies.set(key, Buffer.from(copy).toString().trim());
    }
    return { ...rows, keys, versions, storedUploads, contents, verdicts, copies };
  }
}

/**
 * A row may change between the look at it and the look at its object. What a receipt says is gone,
 * though, stays a violation however short it was seen.
 */
async function lookUntilStill(
  look: () => Promise<readonly Violation[]>,
): Promise<readonly Violation[]> {
  const lasting = new Map<string, Violation>();
  let found = await look();
  for (let looks = 1; found.length > 0 && looks < CRASH_LIMITS.looksMax; looks++) {
    for (const one of found) if (one.invariant === "I1") lasting.set(one.what, one);
    await pause(CRASH_LIMITS.lookAgainMs);
    found = await look();
  }
  for (const one of found) lasting.set(one.what, one);
  return [...lasting.values()];
}
