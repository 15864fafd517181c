import { BucketSettings, letsPagesPut } from "../adapters/s3/bucket-settings.ts";
import type { S3StoreConfig } from "../config.ts";
import { randomText } from "../core/ids.ts";
import { doctorPrefix } from "../core/keys.ts";
import { LIMITS } from "../core/limits.ts";
import { DAY_MS } from "../core/limits/units.ts";
import { isStoreError } from "../core/store-errors.ts";
import type { StoreContext } from "../services/removing.ts";
import { type Check, look, notApplicable, passed, Unexpected } from "../services/doctor/checks.ts";

const LIFECYCLE_REMEDY =
  "Take the rule out of the bucket's lifecycle configuration, or limit it to a prefix outside of expunge's.";
const RETENTION_REMEDY =
  "Take the default retention out of the bucket's object lock configuration: a deletion is blocked until the last lock has run out.";
const CORS_REMEDY =
  "Allow PUT from this origin in the bucket's CORS rules, and expose ETag (docs/uploads.md; on R2 docs/r2.md, 3).";
const RUN_CHARS = 10;

interface BucketContext extends StoreContext {
  readonly corsOrigins: readonly string[];
}

/** What the bucket is set to beside the calls that `examineStore` proves. Nothing is changed. */
export async function examineBucket(
  config: S3StoreConfig,
  context: BucketContext,
): Promise<readonly Check[]> {
  const { kind: _kind, publicDomain: _public, ...options } = config;
  const settings = new BucketSettings({ ...options, clock: context.clock });
  try {
    return [
      await look("bucket-lifecycle", LIFECYCLE_REMEDY, () => lifecycle(settings, config.prefix)),
      await look("bucket-retention", RETENTION_REMEDY, () => retention(settings)),
      await look("bucket-cors", CORS_REMEDY, () => cors(context)),
      await look("bucket-rights", "", () => rights(settings)),
    ];
  } finally {
    settings.close();
  }
}

type Seen = Awaited<ReturnType<Parameters<typeof look>[2]>>;

/** A rule that removes objects would break what expunge promises of files (I2). */
async function lifecycle(settings: BucketSettings, prefix: string): Promise<Seen> {
  let rules: Awaited<ReturnType<BucketSettings["rules"]>>;
  try {
    rules = await settings.rules();
  } catch (error) {
    if (!isStoreError(error)) throw error;
    const right = error.code === "access-denied" ? ": s3:GetLifecycleConfiguration" : "";
    return notApplicable(`the lifecycle rules cannot be read (${error.code}${right})`);
  }
  const ours = rules.filter(
    (rule) => rule.prefix.startsWith(prefix) || prefix.startsWith(rule.prefix),
  );
  const expiring = ours.find(({ expires }) => expires);
  if (expiring) {
    throw new Unexpected(`the rule '${expiring.name}' removes objects that rows may name`);
  }
  const days = ours.flatMap(({ endsUploadsAfterDays: after }) => after ?? []);
  if (days.length === 0) {
    return notApplicable("no rule ends incomplete uploads; expunge ends those that it opened");
  }
  const first = Math.min(...days);
  const own = LIMITS.uploadExpiryMs / DAY_MS;
  if (first < own) {
    throw new Unexpected(`a rule ends uploads after ${first} days, which may live for ${own}`);
  }
  return passed(`incomplete uploads are ended after ${first} days`);
}

/** Each object would be locked as it is made, so that no deletion could end before. */
async function retention(settings: BucketSettings): Promise<Seen> {
  let locked: string | null;
  try {
    locked = await settings.defaultRetention();
  } catch (error) {
    if (!isStoreError(error)) throw error;
    const right = error.code === "access-denied" ? ": s3:GetBucketObjectLockConfiguration" : "";
    return notApplicable(`the default retention cannot be read (${error.code}${right})`);
  }
  if (locked === null) return notApplicable("no default retention locks new objects");
  throw new Unexpected(`every new object is locked (${locked})`);
}

/** Asks as a browser would, before it sends a part to the bucket; no right is needed for that. */
async function cors({ store, random, corsOrigins }: BucketContext): Promise<Seen> {
  const [origin] = corsOrigins;
  if (origin === undefined) return notApplicable("no page is named in EXPUNGE_CORS_ORIGINS");
  const key = `${doctorPrefix(randomText(random.bytes(RUN_CHARS), RUN_CHARS))}cors`;
  const signed = await store.presignPart(key, "none", 1, 1, LIMITS.partUrlExpiryMs);
  if (signed === null) return notApplicable("the store takes no part from a browser");
  for (const one of corsOrigins) {
    if (await letsPagesPut(signed.url, one)) continue;
    throw new Unexpected(`the bucket lets no page of ${one} send parts (CORS)`);
  }
  return passed(`pages of ${corsOrigins.join(", ")} may send parts`);
}

async function rights(settings: BucketSettings): Promise<Seen> {
  const visible = await settings.visibleBuckets();
  if (visible === null) return passed("the key sees no other bucket of the account");
  return notApplicable(
    `the key may list the account's buckets (${visible}), which expunge does not need: s3:ListAllMyBuckets`,
  );
}
