import type { ServerResponse } from "node:http";
import type { Fault } from "./fault.ts";
import type { Reply } from "./reply.ts";

export interface Delivery {
  readonly now: number;
  readonly isHead: boolean;
  readonly lost: Fault["lost"] | undefined;
}

let requestIds = 0;

/** Sends an answer, or as much of it as a fault lets through. */
export function send(response: ServerResponse, reply: Reply, delivery: Delivery): void {
  const { lost } = delivery;
  if (lost?.share === null) {
    end(response, lost.end);
    return;
  }
  const requestId = `WIRE${String(++requestIds).padStart(12, "0")}`;
  const body = withRequestId(reply, requestId);
  // The SDK corrects its clock by this header, so that it must be the server's time and not Node's.
  response.sendDate = false;
  response.writeHead(reply.status, {
    server: "wire",
    date: new Date(delivery.now).toUTCString(),
    "x-amz-request-id": requestId,
    ...reply.headers,
    ...lengthOf(reply, body, delivery.isHead),
  });
  if (!lost) {
    response.end(delivery.isHead ? undefined : body);
    return;
  }
  const part = body.subarray(0, Math.floor(body.length * lost.share));
  response.flushHeaders();
  response.write(part, () => end(response, lost.end));
}

/** Of a HEAD that was passed on, the length stands in the headers alone. */
function lengthOf({ status, headers }: Reply, body: Uint8Array, isHead: boolean) {
  if (status === 204) return {};
  const told = isHead ? headers["content-length"] : undefined;
  return { "content-length": told ?? String(body.length) };
}

function end({ socket }: ServerResponse, how: "reset" | "close" | "hang"): void {
  if (how === "reset") socket?.resetAndDestroy();
  if (how === "close") socket?.end();
}

/** Error documents name the request; those of the effect were written before it had a name. */
function withRequestId({ body, isError }: Reply, requestId: string): Uint8Array {
  if (!isError) return body;
  const text = "</Error>";
  const at = Buffer.from(body.buffer, body.byteOffset, body.length).lastIndexOf(text);
  if (at < 0 || at + text.length !== body.length) return body;
  const id = `<RequestId>${requestId}</RequestId><HostId>wire</HostId>`;
  return Buffer.concat([body.subarray(0, at), Buffer.from(id + text)]);
}
