import { connect } from "node:net";
import type { FastifyInstance } from "fastify";
import { type FuzzAnswer, type FuzzRequest, wireForm } from "./request.ts";

/** Longer than any answer may take on a machine that is busy with other things. */
export const HANG_MS = 30_000;

export class Hang extends Error {}

/** By `inject`: what it cannot express is sent over the socket. */
export async function injected(app: FastifyInstance, request: FuzzRequest): Promise<FuzzAnswer> {
  const stop = AbortSignal.timeout(HANG_MS);
  const response = await app.inject({
    method: request.method as "GET",
    url: request.target,
    headers: headersOf(request),
    payloadAsStream: true,
    signal: stop,
    ...(request.body === null ? {} : { payload: request.body }),
  });
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
  );
  const chunks: Buffer[] = [];
  for await (const chunk of response.stream()) {
    chunks.push(chunk as Buffer);
    if (headers["content-type"] === "text/event-stream") break;
  }
  return { status: response.statusCode, headers, body: Buffer.concat(chunks) };
}

/** Headers that are given twice are one, as Node makes them of most. */
function headersOf({ headers }: FuzzRequest): Record<string, string> {
  const all: Record<string, string> = {};
  for (const [name, value] of headers) all[name] = value;
  return all;
}

/** Byte for byte over a socket, which the client's side of is closed after the request. */
export async function overSocket(port: number, request: FuzzRequest): Promise<FuzzAnswer | null> {
  const bytes = await new Promise<Buffer>((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Hang(`no end of the answer after ${HANG_MS} ms`));
    }, HANG_MS);
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(Buffer.concat(chunks));
    };
    socket.on("data", (chunk) => {
      chunks.push(chunk);
      if (chunk.includes("text/event-stream")) end();
    });
    // A server that refuses early may reset what is still on its way.
    socket.on("error", end);
    socket.on("end", end);
    socket.end(wireForm(request));
  });
  return answerOf(bytes);
}

/** The first answer; null where the server closed without one, as for what was no request. */
function answerOf(bytes: Buffer): FuzzAnswer | null {
  if (bytes.length === 0) return null;
  const at = bytes.indexOf("\r\n\r\n");
  const [first = "", ...lines] = bytes
    .subarray(0, Math.max(at, 0))
    .toString("latin1")
    .split("\r\n");
  const status = Number(first.split(" ")[1]);
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  if (status === 100) return answerOf(bytes.subarray(at + 4));
  const length = headers["content-length"];
  const rest = bytes.subarray(at + 4);
  return { status, headers, body: length === undefined ? rest : rest.subarray(0, Number(length)) };
}
