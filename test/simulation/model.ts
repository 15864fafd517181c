/** What the clients of one run were told: the history that the checkers hold against the end. */
export interface ProjectModel {
  readonly id: string;
  readonly uid: string;
  /** For each path, every content that may rightly be read at the end; null stands for no file. */
  readonly files: Map<string, Set<string | null>>;
  /** Objects planted beside expunge: untracked ones below its prefix, and legacy ones. */
  readonly planted: Map<string, string>;
  /** Whether a request for deletion was sent, whatever was answered. */
  deletionRequested: boolean;
  /** Before this, by any request that was sent, nothing may be purged (I6). */
  purgeNotBefore: number;
}

export interface Violation {
  readonly invariant: string;
  readonly what: string;
}

export class Violations {
  readonly found: Violation[] = [];

  add(invariant: string, what: string): void {
    this.found.push({ invariant, what });
  }
}

/** The content of a file, small and told apart from every other. */
export function contentOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
