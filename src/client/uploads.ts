import type {
  FileJson,
  OpenUploadJson,
  PartsJson,
  PartUrlJson,
  UploadJson,
} from "../http/schema/index.ts";
import { projectPath, uploadPath } from "./addresses.ts";
import { type Body, type CallOptions, onceOnly, type Transport } from "./transport.ts";
import { type PartSource, RunningUpload, type UploadOptions } from "./running-upload.ts";

/** A part as it is named when an upload is completed. */
export interface CompletedPart {
  readonly partNumber: number;
  readonly etag: string;
}

/** Direct uploads: the parts go from here to the store, and the service makes the file of them. */
export class Uploads {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Begins to upload a file in parts, several at a time; each is sent again where it did not arrive. The
   * answer is a handle to pause, resume and abort it; `await upload.done` is the file. A `Blob` or an
   * array is a source as it is.
   */
  start(
    projectId: string,
    path: string,
    source: PartSource | Blob | Uint8Array<ArrayBuffer>,
    options: UploadOptions = {},
  ): RunningUpload {
    return new RunningUpload(this, projectId, path, source, options);
  }

  /**
   * Opens an upload, whose parts the caller sends. Where it is repeated it opens no second one.
   * @throws ExpungeClientError `quota-exceeded`, `file-too-large`, `invalid-path`, `project-not-active`
   */
  async open(
    projectId: string,
    input: OpenUploadJson,
    options: CallOptions = {},
  ): Promise<UploadJson> {
    const path = `${projectPath(projectId)}/uploads`;
    const call = { method: "POST", path, json: input, ...onceOnly() } as const;
    return await this.#transport.json({ ...options, ...call });
  }

  /** Where a part is sent by PUT, with these headers. The URL expires. */
  async partUrl(
    projectId: string,
    uploadId: string,
    partNumber: number,
    options: CallOptions = {},
  ): Promise<PartUrlJson> {
    const path = `${uploadPath(projectId, uploadId)}/parts/${partNumber}`;
    return await this.#transport.json({ ...options, path });
  }

  /** Sends one part by a URL of its own, as a browser would. Not repeated by itself. */
  async sendPart(
    projectId: string,
    uploadId: string,
    partNumber: number,
    body: Body,
    options: CallOptions = {},
  ): Promise<void> {
    const { url, headers } = await this.partUrl(projectId, uploadId, partNumber, options);
    const call = { method: "PUT", path: url, headers, body, isIdempotent: false } as const;
    await this.#transport.done({ ...options, ...call });
  }

  /** The parts that have arrived. @throws ExpungeClientError `upload-not-found`, `upload-not-open` */
  async parts(
    projectId: string,
    uploadId: string,
    options: CallOptions = {},
  ): Promise<PartsJson["parts"]> {
    const path = `${uploadPath(projectId, uploadId)}/parts`;
    return (await this.#transport.json<PartsJson>({ ...options, path })).parts;
  }

  /**
   * Makes the file of the parts that arrived; the service lists them itself. Repeats answer the same
   * file.
   * @throws ExpungeClientError `size-mismatch`, `upload-not-open`, `quota-exceeded`, `project-held`
   */
  async complete(
    projectId: string,
    uploadId: string,
    options: CallOptions & { readonly parts?: readonly CompletedPart[] | undefined } = {},
  ): Promise<FileJson> {
    const { signal, parts } = options;
    return await this.#transport.json({
      signal,
      method: "POST",
      path: `${uploadPath(projectId, uploadId)}/complete`,
      json: { parts: parts?.map(({ partNumber, etag }) => ({ partNumber, etag })) },
      isIdempotent: true,
    });
  }

  /** Discards an upload and its parts. @throws ExpungeClientError `upload-not-open` where it is a file */
  async abort(projectId: string, uploadId: string, options: CallOptions = {}): Promise<void> {
    const path = uploadPath(projectId, uploadId);
    await this.#transport.done({ ...options, method: "DELETE", path });
  }
}
