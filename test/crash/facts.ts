/** What the checker sees, by plain SQL and plain S3: data, so that a test can plant what is wrong. */
export interface ProjectRow {
  readonly uid: string;
  readonly id: string;
  readonly state: string;
}

export interface DeletionRow {
  readonly id: string;
  readonly projectUid: string;
  readonly state: string;
  readonly token: number;
  readonly isBlocked: boolean;
  readonly requestedAt: number;
  readonly purgeAfter: number;
  readonly purgeStartedAt: number | null;
  readonly fencedAt: number | null;
  readonly verifiedAt: number | null;
  readonly completedAt: number | null;
}

export interface ReceiptRow {
  readonly projectUid: string;
  readonly deletionId: string;
  readonly sequence: number;
  readonly jws: string;
  readonly hash: string;
}

export interface FileRow {
  readonly projectUid: string;
  readonly path: string;
  readonly key: string | null;
  readonly sizeBytes: number;
}

/** A row of uploads or removals: what else may name a key. */
export interface KeyRow {
  readonly projectUid: string;
  readonly key: string;
}

export interface StoredUpload {
  readonly key: string;
  readonly uploadId: string;
}

export interface Facts {
  readonly projects: readonly ProjectRow[];
  readonly deletions: readonly DeletionRow[];
  readonly receipts: readonly ReceiptRow[];
  readonly files: readonly FileRow[];
  readonly uploads: readonly KeyRow[];
  readonly removals: readonly KeyRow[];
  /** Keys below the prefixes of the projects, or of the whole bucket; `.expunge/` with it. */
  readonly keys: ReadonlySet<string>;
  /** Keys of versions and delete markers. */
  readonly versions: readonly string[];
  readonly storedUploads: readonly StoredUpload[];
  /** SHA-256 of what each key gave when it was read; null where it was not there. */
  readonly contents: ReadonlyMap<string, string | null>;
  /** What the command line said of each project's receipt: null for valid, else its complaint. */
  readonly verdicts: ReadonlyMap<string, string | null>;
  /** Copies of receipts in the bucket, by key. */
  readonly copies: ReadonlyMap<string, string>;
}

export interface Violation {
  readonly invariant: string;
  readonly what: string;
}
