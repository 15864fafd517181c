import { LIMITS } from "../../core/limits.ts";
import type { ListOptions, Page, UploadEntry } from "../../ports/object-store.ts";
import { pageOfUploads } from "../listing-pages.ts";
import { mapLimited } from "./disk.ts";
import type { Tree } from "./tree.ts";
import { ABORTED, COMMITTING, parseDirectory, readMeta, type UploadMeta } from "./upload-states.ts";
import type { Uploads } from "./uploads.ts";

/**
 * While a directory is read, an entry that is renamed may be shown twice or not at all. An upload that
 * is still alive was renamed twice at most, so of three readings one shows it.
 */
const READINGS = 3;

/** Lists the uploads that are neither completed nor aborted, and removes what a crash left of others. */
export class UploadListing {
  readonly #tree: Tree;
  readonly #uploads: Uploads;
  /** What is known of each upload never changes; kept for those that the last listing saw. */
  #known: ReadonlyMap<string, UploadMeta> = new Map();

  constructor(tree: Tree, uploads: Uploads) {
    this.#tree = tree;
    this.#uploads = uploads;
  }

  async page(prefix: string, options: ListOptions): Promise<Page<UploadEntry>> {
    const open: UploadEntry[] = [];
    const known = new Map<string, UploadMeta>();
    const ids = new Set<string>();
    for (let reading = 1; reading <= READINGS; reading++) {
      for (const uploadId of await this.#read()) ids.add(uploadId);
    }
    await mapLimited([...ids], LIMITS.fileCallsInFlight, async (uploadId) => {
      options.signal?.throwIfAborted();
      const meta = this.#known.get(uploadId) ?? (await readMeta(this.#tree, uploadId));
      if (!meta) return;
      known.set(uploadId, meta);
      open.push({ key: meta.key, uploadId, initiatedAt: meta.initiatedAt });
    });
    this.#known = known;
    return pageOfUploads(prefix, options, {}, open);
  }

  async #read(): Promise<readonly string[]> {
    const ids: string[] = [];
    // A directory that was taken as it is may have had no upload ever.
    if (!(await this.#tree.isDirectory(this.#tree.uploads))) return ids;
    for (const name of await this.#tree.fs.readdir(this.#tree.uploads)) {
      const found = parseDirectory(name);
      if (!found) continue;
      const { uploadId, state } = found;
      if (state === ABORTED) await this.#uploads.finishAborted(uploadId);
      else if (state !== COMMITTING || !(await this.#uploads.finishCommitted(uploadId))) {
        ids.push(uploadId);
      }
    }
    return ids;
  }
}
