import type { Instant } from "../../core/model.ts";
import type { ListOptions, Page, Part, UploadEntry } from "../../ports/object-store.ts";
import { type PageShape, pageOfUploads } from "../listing-pages.ts";
import { noSuchUpload } from "../object-store-checks.ts";

export interface HeldPart extends Part {
  readonly bytes: Uint8Array;
}

export interface OpenUpload {
  readonly key: string;
  readonly contentType: string;
  readonly initiatedAt: Instant;
  readonly parts: Map<number, HeldPart>;
}

/** The uploads that are neither completed nor aborted. */
export class OpenUploads {
  readonly #byId = new Map<string, OpenUpload>();

  add(uploadId: string, upload: OpenUpload): void {
    this.#byId.set(uploadId, upload);
  }

  /** @throws StoreError `no-such-upload`, also for an upload of another key */
  get(key: string, uploadId: string): OpenUpload {
    const upload = this.#byId.get(uploadId);
    if (upload?.key !== key) throw noSuchUpload();
    return upload;
  }

  end(uploadId: string): void {
    this.#byId.delete(uploadId);
  }

  all(): ReadonlyMap<string, OpenUpload> {
    return this.#byId;
  }

  /** In the order of keys, then of ids. */
  list(prefix: string, options: ListOptions, shape: PageShape): Page<UploadEntry> {
    const all = [...this.#byId].map(([uploadId, { key, initiatedAt }]) => ({
      key,
      uploadId,
      initiatedAt,
    }));
    return pageOfUploads(prefix, options, shape, all);
  }
}
