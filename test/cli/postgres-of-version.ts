import { type AddressInfo, createServer, type Socket } from "node:net";

/** Speaks as much of PostgreSQL's protocol as tells a client which version it is. */
export async function postgresOfVersion(
  version: string,
): Promise<{ readonly port: number; readonly close: () => void }> {
  const server = createServer((socket) => answerAs(socket, version));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { port, close: () => server.close() };
}

function answerAs(socket: Socket, version: string): void {
  let isStarted = false;
  socket.on("error", () => socket.destroy());
  socket.on("data", (data) => {
    const isQuery = isStarted && data[0] === 0x51;
    const ready = message("Z", Buffer.from("I"));
    if (!isStarted) socket.write(Buffer.concat([message("R", int32(0)), ready]));
    else if (isQuery) socket.write(Buffer.concat([...row(version, "UTF8"), ready]));
    isStarted = true;
  });
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int16(value: number): Buffer {
  return int32(value).subarray(2);
}

function message(type: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

/** One row of two texts, `version` and `encoding`. */
function row(...values: readonly string[]): Buffer[] {
  const TEXT = 25;
  const fields = ["version", "encoding"].map((name) =>
    Buffer.concat([
      Buffer.from(`${name}\0`),
      int32(0),
      int16(0),
      int32(TEXT),
      int16(-1),
      int32(-1),
      int16(0),
    ]),
  );
  const cells = values.flatMap((value) => [int32(value.length), Buffer.from(value)]);
  return [
    message("T", Buffer.concat([int16(fields.length), ...fields])),
    message("D", Buffer.concat([int16(values.length), ...cells])),
    message("C", Buffer.from("SELECT 1\0")),
  ];
}
