import { compareUtf8 } from "../../core/encoding.ts";
import type { Instant } from "../../core/model.ts";
import type { ListOptions, Page, Part, UploadEntry } from "../../ports/object-store.ts";
import { noSuchUpload } from "../object-store-checks.ts";
import { type PageShape, pageOf } from "./paging.ts";

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
    const sorted = [...this.#byId]
      .filter(([, { key }]) => key.startsWith(prefix))
      .map(([uploadId, { key, initiatedAt }]) => ({ key, uploadId, initiatedAt }))
      .sort((a, b) => compareUtf8(a.key, b.key) || compareUtf8(a.uploadId, b.uploadId));
    return pageOf(prefix, options, shape, (after) =>
      sorted
        .map((entry) => [positionOf(entry), entry] as const)
        .filter(([position]) => {
          return after === null || comparePositions(position, after) > 0;
        }),
    );
  }
}

/** Ids have no '/', so that the last one divides the two. */
function positionOf({ key, uploadId }: UploadEntry): string {
  return `${key}/${uploadId}`;
}

function comparePositions(a: string, b: string): number {
  const [x, y] = [a.lastIndexOf("/"), b.lastIndexOf("/")];
  return compareUtf8(a.slice(0, x), b.slice(0, y)) || compareUtf8(a.slice(x), b.slice(y));
}
