import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

const CHUNK = Buffer.alloc(64 * 1024, "expunge ");

export type Headers = Readonly<Record<string, string>>;

/** Sends so many bytes; answers the seconds until the answer was there. @throws Error unless it is 2xx */
export async function upload(url: string, sizeBytes: number, headers: Headers): Promise<number> {
  const begun = performance.now();
  const sent = request(url, {
    method: "PUT",
    headers: { ...headers, "content-length": String(sizeBytes) },
    agent: false,
  });
  const answered = once(sent, "response");
  await Promise.all([pipeline(Readable.from(chunksOf(sizeBytes)), sent), answered]);
  const [response] = (await answered) as [IncomingMessage];
  await readWhole(response);
  return (performance.now() - begun) / 1000;
}

/** Fetches a body of so many bytes and throws it away; answers the seconds that it took. */
export async function download(url: string, sizeBytes: number, headers: Headers): Promise<number> {
  const begun = performance.now();
  const sent = request(url, { headers, agent: false });
  sent.end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const received = await readWhole(response);
  if (received !== sizeBytes) throw new Error(`${received} bytes came instead of ${sizeBytes}`);
  return (performance.now() - begun) / 1000;
}

function* chunksOf(sizeBytes: number): Generator<Buffer> {
  for (let left = sizeBytes; left > 0; left -= CHUNK.length) {
    yield left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK;
  }
}

async function readWhole(response: IncomingMessage): Promise<number> {
  const status = response.statusCode ?? 0;
  let received = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) received += chunk.length;
  if (status < 200 || status > 299) throw new Error(`it answered ${status}`);
  return received;
}
