import { LIMITS } from "../../core/limits.ts";
import type { Capabilities } from "../../ports/object-store.ts";

/** Whose S3 it is, as far as it makes a difference. `other`: Ceph, MinIO and the rest. */
export type Provider = "aws" | "r2" | "other";

/** What is known of a provider from its documentation and cannot be asked of the store. */
export interface ProviderRules extends Pick<
  Capabilities,
  "consistency" | "keyNormalisation" | "partBytesMin" | "partBytesMax"
> {
  /** R2 has none and answers GetBucketVersioning with a dummy (release notes, 2022-07-20). */
  readonly versioning: "asked" | "declared-none";
  /**
   * Whether a copy's source is decoded once, as S3 says (API reference, UploadPartCopy). Ceph 16.2
   * decodes it twice: `a%25b` would be copied as `a%b`, which is another object, and a `%` that is
   * left over ends its gateway (both seen). No reply tells the two apart beforehand.
   */
  readonly copySource: "decoded-once" | "not-sure";
  /** Whether a copied part may ask for its source as it was seen; R2 knows no such condition. */
  readonly copyCondition: boolean;
  /** R2's bucket locks are set by another API, and S3's object lock is not implemented. */
  readonly objectLock: "asked" | "elsewhere";
}

/** AWS S3 user guide, "Amazon S3 multipart upload limits"; R2 has the same (objects/multipart-objects). */
const PARTS = {
  partBytesMin: LIMITS.s3PartBytesMin,
  partBytesMax: LIMITS.s3PartBytesMax,
};

const RULES: Readonly<Record<Provider, ProviderRules>> = {
  // AWS S3 user guide, "Amazon S3 data consistency model": strong for all of it since 2020.
  aws: {
    ...PARTS,
    consistency: "strong",
    keyNormalisation: "none",
    versioning: "asked",
    copySource: "decoded-once",
    copyCondition: true,
    objectLock: "asked",
  },
  // Cloudflare R2, reference/consistency, reference/unicode-interoperability and api/s3/api.
  r2: {
    ...PARTS,
    consistency: "strong",
    keyNormalisation: "nfc",
    versioning: "declared-none",
    copySource: "decoded-once",
    copyCondition: false,
    objectLock: "elsewhere",
  },
  // Ceph's index is consistent; of others it is assumed, and the contract suite is the way to see.
  other: {
    ...PARTS,
    consistency: "strong",
    keyNormalisation: "none",
    versioning: "asked",
    copySource: "not-sure",
    copyCondition: true,
    objectLock: "asked",
  },
};

export function rulesOf(provider: Provider): ProviderRules {
  return RULES[provider];
}

/** Told by the endpoint's host; without an endpoint it is AWS. */
export function providerOf(endpoint: string | undefined): Provider {
  if (endpoint === undefined) return "aws";
  const { hostname } = new URL(endpoint);
  if (hostname === "r2.cloudflarestorage.com" || hostname.endsWith(".r2.cloudflarestorage.com")) {
    return "r2";
  }
  return /(^|\.)amazonaws\.com(\.cn)?$/.test(hostname) ? "aws" : "other";
}
