import {
  GetBucketLifecycleConfigurationCommand,
  GetObjectLockConfigurationCommand,
  type LifecycleRule,
  ListBucketsCommand,
} from "@aws-sdk/client-s3";
import { LIMITS } from "../../core/limits.ts";
import { StoreError } from "../../core/store-errors.ts";
import { Client } from "./client.ts";
import type { S3StoreOptions } from "./options.ts";
import { NO_LOCKS } from "./probing.ts";

/** What a lifecycle rule of the bucket does that matters here. */
export interface BucketRule {
  readonly name: string;
  /** Of keys that it is about; empty: of all. */
  readonly prefix: string;
  /** Whether it removes objects or versions by itself. */
  readonly expires: boolean;
  /** After how many days it ends incomplete uploads; null where it does not. */
  readonly endsUploadsAfterDays: number | null;
}

/** Settings of a bucket that no call of the port asks for. Only reads, for the doctor. */
export class BucketSettings {
  readonly #client: Client;

  constructor(options: S3StoreOptions) {
    this.#client = new Client(options);
  }

  /** The rules that are switched on. @throws StoreError `access-denied` where they may not be read */
  async rules(): Promise<readonly BucketRule[]> {
    const command = new GetBucketLifecycleConfigurationCommand({ Bucket: this.#client.bucket });
    const read = await this.#client.ask("GetBucketLifecycleConfiguration", {}, async (call) => {
      try {
        return await this.#client.s3.send(command, call);
      } catch (error) {
        // The bucket has none, which S3 answers as a failure.
        if (error instanceof Error && error.name === "NoSuchLifecycleConfiguration") return null;
        throw error;
      }
    });
    const rules = read?.Rules ?? [];
    return rules.filter(({ Status }) => Status === "Enabled").map((rule) => ruleOf(rule));
  }

  /**
   * For how long each new object is locked where nothing else is asked for, such as `GOVERNANCE, 30 days`;
   * null where it is not. R2's bucket locks are not to be seen here.
   * @throws StoreError `access-denied`, `not-supported`
   */
  async defaultRetention(): Promise<string | null> {
    const command = new GetObjectLockConfigurationCommand({ Bucket: this.#client.bucket });
    const read = await this.#client.ask("GetObjectLockConfiguration", {}, async (call) => {
      try {
        return await this.#client.s3.send(command, call);
      } catch (error) {
        if (error instanceof Error && NO_LOCKS.has(error.name)) return null;
        throw error;
      }
    });
    const { Mode, Days, Years } = read?.ObjectLockConfiguration?.Rule?.DefaultRetention ?? {};
    if (Mode === undefined) return null;
    return `${Mode}, ${Years === undefined ? `${Days} days` : `${Years} years`}`;
  }

  /** How many buckets of the account the key may see; null where it may not ask, as is right. */
  async visibleBuckets(): Promise<number | null> {
    try {
      const answer = await this.#client.ask("ListBuckets", {}, (call) =>
        this.#client.s3.send(new ListBucketsCommand({}), call),
      );
      return answer.Buckets?.length ?? 0;
    } catch (error) {
      if (error instanceof StoreError) return null;
      throw error;
    }
  }

  close(): void {
    this.#client.close();
  }
}

/**
 * What a browser asks before it sends a part from a page of this origin; no right is needed for it.
 * @param url as presigned for a part
 * @throws TypeError or an AbortError where no answer came
 */
export async function letsPagesPut(url: string, origin: string): Promise<boolean> {
  const answer = await fetch(url, {
    method: "OPTIONS",
    headers: { origin, "access-control-request-method": "PUT" },
    signal: AbortSignal.timeout(LIMITS.doctorPreflightTimeoutMs),
  });
  await answer.body?.cancel();
  const allowed = answer.headers.get("access-control-allow-origin");
  const methods = answer.headers.get("access-control-allow-methods") ?? "";
  return (allowed === "*" || allowed === origin) && /\bPUT\b|\*/.test(methods);
}

function ruleOf(rule: LifecycleRule): BucketRule {
  const { ID = "without a name", Filter } = rule;
  return {
    name: ID,
    prefix: Filter?.Prefix ?? Filter?.And?.Prefix ?? "",
    expires:
      rule.Expiration?.Days !== undefined ||
      rule.Expiration?.Date !== undefined ||
      rule.NoncurrentVersionExpiration !== undefined,
    endsUploadsAfterDays: rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation ?? null,
  };
}
