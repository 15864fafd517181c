/** What the service says of a file beside its bytes. */
export interface FileFacts {
  /** Of the whole file, also where a range was read. */
  readonly sizeBytes: number;
  readonly contentType: string;
  readonly etag: string;
  /** SHA-256 of the whole file, base64; null where it is not known. */
  readonly sha256: string | null;
}

/** A file, or a range of it, whose bytes are still to be read. */
export interface FileContent extends FileFacts {
  /** The bytes that were asked for; null with `isNotModified`. Leave it alone only after `cancel`. */
  readonly body: ReadableStream<Uint8Array> | null;
  /** Bytes of the body. */
  readonly lengthBytes: number;
  /** That the file still has the ETag of `ifNoneMatch`. */
  readonly isNotModified: boolean;
  /** The whole body in memory. Use one of these three, once. */
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  text(): Promise<string>;
  /** Lets go of the connection without reading. */
  cancel(): Promise<void>;
}

/** Reads the headers of an answer that is a file. */
export function factsOf({ headers, status }: Response): FileFacts {
  const total = /\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1];
  return {
    sizeBytes: status === 206 ? Number(total) : Number(headers.get("content-length") ?? 0),
    contentType: headers.get("content-type") ?? "application/octet-stream",
    etag: (headers.get("etag") ?? "").replaceAll('"', ""),
    sha256: /sha-256=:([^:]*):/.exec(headers.get("repr-digest") ?? "")?.[1] ?? null,
  };
}

/** An answer that is a file. */
export function contentOf(response: Response): FileContent {
  return {
    ...factsOf(response),
    body: response.body as ReadableStream<Uint8Array> | null,
    lengthBytes: Number(response.headers.get("content-length") ?? 0),
    isNotModified: response.status === 304,
    bytes: async () => new Uint8Array(await response.arrayBuffer()),
    text: async () => await response.text(),
    cancel: async () => await response.body?.cancel(),
  };
}
