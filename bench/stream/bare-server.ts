import { createReadStream, createWriteStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

/**
 * The least that can be called a file server: pipes a PUT to a file and a file to a GET, of the directory
 * that its argument names. It checks nothing, hashes nothing and knows no database.
 * `?sync`: the answer waits until the bytes are on the medium, as any promise of keeping them must.
 */
const [, , directory = "."] = process.argv;

async function take(request: IncomingMessage, path: string, isSynced: boolean): Promise<void> {
  await pipeline(request, createWriteStream(path));
  if (!isSynced) return;
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  const path = join(directory, pathname.replaceAll("/", "_"));
  if (request.method === "PUT") {
    await take(request, path, searchParams.has("sync"));
    response.writeHead(201).end();
    return;
  }
  const { size } = await stat(path);
  response.writeHead(200, { "content-length": size });
  await pipeline(createReadStream(path), response);
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    console.error(error);
    response.destroy();
  });
});
// Ends with whoever started it.
process.stdin.resume().once("end", () => process.exit(0));
server.listen(0, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
