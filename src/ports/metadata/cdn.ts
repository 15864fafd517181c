/** One URL or prefix that is to be purged. */
export interface CdnTarget {
  /** HMAC(salt, target): what makes it unique per deletion. 32 bytes. */
  readonly hash: Uint8Array;
  /** As the CDN takes it; it may hold a file's name. */
  readonly target: string;
}

/**
 * What of a deletion is to be purged from a CDN. A target is known by name until its purge was accepted,
 * and by its hash until the deletion is completed. Every call needs the newest claim on a deletion that
 * is under way, or on one whose settle is.
 */
export interface CdnStore {
  /**
   * Writes targets down before what they show is removed, so that a crash loses none. One that was
   * accepted already is to be purged again. @throws StaleClaimError
   */
  recordCdnTargets(id: string, token: number, targets: readonly CdnTarget[]): Promise<void>;
  /**
   * Those not accepted yet, in the order of their hashes, after one of them.
   * @throws StaleClaimError
   */
  pendingCdnTargets(
    id: string,
    token: number,
    limit: number,
    after?: Uint8Array,
  ): Promise<readonly CdnTarget[]>;
  /** The CDN took these: their names go, and they count as `deleted`. @throws StaleClaimError */
  acceptCdnTargets(id: string, token: number, hashes: readonly Uint8Array[]): Promise<void>;
  /** Forgets them all, where no CDN is configured any more. @throws StaleClaimError */
  dropCdnTargets(id: string, token: number): Promise<void>;
}
