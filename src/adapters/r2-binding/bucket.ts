/**
 * What is asked of a bucket that is bound to a Worker (`env.BUCKET`): the part of R2's Workers API that
 * the adapter uses, so that no types of Cloudflare's are needed to compile against it.
 * https://developers.cloudflare.com/r2/api/workers/workers-api-reference/
 */
export interface R2Bucket {
  head(key: string): Promise<R2Object | null>;
  get(key: string, options?: R2GetOptions): Promise<R2Body | R2Object | null>;
  put(key: string, value: Uint8Array): Promise<R2Object | null>;
  delete(keys: string | string[]): Promise<void>;
  list(options?: R2ListOptions): Promise<R2Objects>;
  createMultipartUpload(key: string, options?: R2CreateOptions): Promise<R2Upload>;
  resumeMultipartUpload(key: string, uploadId: string): R2Upload;
}

export interface R2GetOptions {
  readonly range?: { readonly offset: number; readonly length: number };
}

export interface R2ListOptions {
  readonly prefix?: string;
  readonly cursor?: string;
  readonly startAfter?: string;
  readonly limit?: number;
}

export interface R2CreateOptions {
  readonly httpMetadata?: { readonly contentType?: string };
}

export interface R2Object {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly uploaded: Date;
}

export interface R2Body extends R2Object {
  readonly body: R2Stream;
}

/** A ReadableStream, as far as it is read here. */
export interface R2Stream {
  getReader(): R2Reader;
}

export interface R2Reader {
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
  cancel(reason?: unknown): Promise<void>;
}

export interface R2Objects {
  readonly objects: readonly R2Object[];
  readonly truncated: boolean;
  /** Only where it is truncated. */
  readonly cursor?: string;
}

/** A handle: none of its calls is made before it is asked for. */
export interface R2Upload {
  readonly uploadId: string;
  uploadPart(partNumber: number, value: Uint8Array): Promise<R2Part>;
  complete(parts: R2Part[]): Promise<R2Object>;
  abort(): Promise<void>;
}

export interface R2Part {
  readonly partNumber: number;
  readonly etag: string;
}
