/** One request, as it is sent: by `inject`, or byte for byte over a socket. */
export interface FuzzRequest {
  /** The route that it was made from, for the report. */
  readonly route: string;
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer | null;
  /** Whether it keeps to what HTTP clients can send; what does not goes over the socket. */
  readonly isTidy: boolean;
}

export interface FuzzAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Of a stream of events only what came first. */
  readonly body: Buffer;
}

/** The bytes on the wire. */
export function wireForm({ method, target, headers, body }: FuzzRequest): Buffer {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const head = Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines}\r\n`, "latin1");
  return body === null ? head : Buffer.concat([head, body]);
}

export function described(request: FuzzRequest): string {
  return JSON.stringify(wireForm(request).toString("latin1").slice(0, 3000));
}
