import { backoffMs } from "../core/backoff.ts";
import { LIMITS } from "../core/limits.ts";
import type { FileJson, OpenUploadJson, PartsJson, UploadJson } from "../http/schema/index.ts";
import { isExpungeClientError, refusedCall } from "./error.ts";
import { jitterBytes, pause } from "./timing.ts";
import type { Body, CallOptions } from "./transport.ts";

/** Bytes that can be read in pieces, and again. */
export interface PartSource {
  readonly sizeBytes: number;
  /** The bytes from `start` up to `end`, which is not included. */
  read(start: number, end: number): Body | Promise<Body>;
}

/** How a file is uploaded in parts. */
export interface UploadOptions extends CallOptions {
  /** The type of a Blob, else `application/octet-stream`, by default. */
  readonly contentType?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** An upload that was opened before, in this process or another: only what is missing is sent. */
  readonly resume?: UploadJson | undefined;
  /** Called with the upload as soon as it is open. Keep it, to `resume` after a reload. */
  readonly onOpen?: ((upload: UploadJson) => void) | undefined;
  /** Called when a part has arrived. */
  readonly onProgress?: ((progress: UploadProgress) => void) | undefined;
  /** Parts that are sent at a time; 4 by default. */
  readonly partsInFlight?: number | undefined;
}

/** The calls of which an upload is made. */
export interface UploadCalls {
  open(projectId: string, input: OpenUploadJson, options: CallOptions): Promise<UploadJson>;
  parts(projectId: string, uploadId: string, options: CallOptions): Promise<PartsJson["parts"]>;
  /** Sends one part by a URL of its own; not repeated. */
  sendPart(
    projectId: string,
    uploadId: string,
    partNumber: number,
    body: Body,
    options: CallOptions,
  ): Promise<void>;
  complete(projectId: string, uploadId: string, options: CallOptions): Promise<FileJson>;
  abort(projectId: string, uploadId: string): Promise<void>;
}

/** How far an upload is. */
export interface UploadProgress {
  readonly sentBytes: number;
  readonly sizeBytes: number;
}

/**
 * An upload under way. It sends until it is paused, aborted or done; the signal of its options ends the
 * sending and leaves the upload open, to be resumed, and `abort` discards it.
 */
export class RunningUpload {
  /** The file. Rejects with what ended the upload otherwise. */
  readonly done: Promise<FileJson>;
  readonly #uploads: UploadCalls;
  readonly #projectId: string;
  readonly #path: string;
  readonly #source: PartSource;
  readonly #options: UploadOptions;
  #upload: UploadJson | null = null;
  /** Ends what is being sent: a pause, an abort, or the signal. */
  #sending = new AbortController();
  #paused: PromiseWithResolvers<void> | null = null;
  readonly #aborted = new AbortController();

  /** Made by `client.uploads.start`. */
  constructor(
    uploads: UploadCalls,
    projectId: string,
    path: string,
    source: PartSource | Blob | Uint8Array<ArrayBuffer>,
    options: UploadOptions,
  ) {
    this.#uploads = uploads;
    this.#projectId = projectId;
    this.#path = path;
    this.#source = sourceOf(source);
    const type = source instanceof Blob && source.type !== "" ? { contentType: source.type } : {};
    this.#options = { ...type, ...options };
    this.done = this.#run();
    // Whoever only aborts need not listen; whoever listens is told all the same.
    this.done.catch(() => undefined);
  }

  /** Stops sending; parts that are on their way are sent again after `resume`. */
  pause(): void {
    this.#paused ??= Promise.withResolvers<void>();
    this.#sending.abort(new Paused());
  }

  /** Goes on where it was paused, with the parts that have not arrived. */
  resume(): void {
    this.#paused?.resolve();
    this.#paused = null;
  }

  /**
   * Stops sending and discards the upload with its parts; resolves when the service has done so.
   * @throws ExpungeClientError `upload-not-open` where the file was made meanwhile
   */
  async abort(): Promise<void> {
    this.#aborted.abort();
    this.#sending.abort(this.#aborted.signal.reason);
    this.resume();
    await this.done.catch(() => undefined);
    if (this.#upload) await this.#uploads.abort(this.#projectId, this.#upload.uploadId);
  }

  async #run(): Promise<FileJson> {
    const upload = this.#options.resume ?? (await this.#open());
    this.#upload = upload;
    this.#options.onOpen?.(upload);
    // Of one that was opened just now no part has arrived.
    for (let isNew = this.#options.resume === undefined; ; isNew = false) {
      await this.#paused?.promise;
      this.#aborted.signal.throwIfAborted();
      this.#options.signal?.throwIfAborted();
      this.#sending = new AbortController();
      try {
        await this.#sendMissing(upload, isNew);
        return await this.#complete(upload);
      } catch (error) {
        if (!(error instanceof Paused)) throw error;
      }
    }
  }

  async #open(): Promise<UploadJson> {
    const { contentType, metadata, signal } = this.#options;
    const input = {
      path: this.#path,
      sizeBytes: this.#source.sizeBytes,
      ...(contentType === undefined ? {} : { contentType }),
      ...(metadata === undefined ? {} : { metadata: { ...metadata } }),
    };
    return await this.#uploads.open(this.#projectId, input, { signal });
  }

  /** Not ended by a pause: the file may be made already. */
  async #complete({ uploadId }: UploadJson): Promise<FileJson> {
    const { signal } = this.#options;
    return await this.#uploads.complete(this.#projectId, uploadId, { signal });
  }

  async #sendMissing(upload: UploadJson, isNew: boolean): Promise<void> {
    const { sizeBytes } = this.#source;
    const { uploadId, partSizeBytes, partCount } = upload;
    const { signal: outer, onProgress, partsInFlight = LIMITS.clientPartsInFlight } = this.#options;
    const sending = this.#sending.signal;
    const signal = outer ? AbortSignal.any([outer, sending]) : sending;
    const lengthOf = (partNumber: number): number =>
      Math.min(partSizeBytes, sizeBytes - (partNumber - 1) * partSizeBytes);
    if (partCount !== Math.ceil(sizeBytes / partSizeBytes)) {
      throw refusedCall("The upload was opened for a file of another size.");
    }
    const arrived = new Set<number>();
    let sentBytes = 0;
    const known = isNew ? [] : await this.#uploads.parts(this.#projectId, uploadId, { signal });
    for (const part of known) {
      if (part.sizeBytes !== lengthOf(part.partNumber)) continue;
      arrived.add(part.partNumber);
      sentBytes += part.sizeBytes;
    }
    onProgress?.({ sentBytes, sizeBytes });
    let next = 1;
    const worker = async (): Promise<void> => {
      while (next <= partCount) {
        const partNumber = next++;
        if (arrived.has(partNumber)) continue;
        await this.#sendPart(upload, partNumber, signal);
        sentBytes += lengthOf(partNumber);
        onProgress?.({ sentBytes, sizeBytes });
      }
    };
    // The first that fails ends the others, whose own ends are then of no interest.
    const workers = Array.from({ length: Math.min(partsInFlight, partCount) }, worker);
    try {
      await Promise.all(workers);
    } catch (error) {
      this.#sending.abort(error);
      await Promise.allSettled(workers);
      throw error;
    }
  }

  async #sendPart(upload: UploadJson, partNumber: number, signal: AbortSignal): Promise<void> {
    const start = (partNumber - 1) * upload.partSizeBytes;
    const end = Math.min(start + upload.partSizeBytes, this.#source.sizeBytes);
    for (let attempt = 1; ; attempt++) {
      try {
        const body = await this.#source.read(start, end);
        await this.#uploads.sendPart(this.#projectId, upload.uploadId, partNumber, body, {
          signal,
        });
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (!mayArriveLater(error) || attempt >= LIMITS.clientAttemptsMax) throw error;
        await pause(backoffMs(attempt, jitterBytes()), signal);
        signal.throwIfAborted();
      }
    }
  }
}

class Paused extends Error {
  override readonly name = "Paused" as const;
}

/** A store's refusal has no code of expunge: 403 is an expired URL, of which a new one is asked for. */
function mayArriveLater(error: unknown): boolean {
  if (!isExpungeClientError(error)) return false;
  return error.isPassing || error.code === "url-invalid" || error.code === "internal";
}

function sourceOf(source: PartSource | Blob | Uint8Array<ArrayBuffer>): PartSource {
  if (source instanceof Blob) {
    return { sizeBytes: source.size, read: (start, end) => source.slice(start, end) };
  }
  if (source instanceof Uint8Array) {
    return { sizeBytes: source.length, read: (start, end) => source.subarray(start, end) };
  }
  return source;
}
