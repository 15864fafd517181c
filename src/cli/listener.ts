import { LIMITS } from "../core/limits.ts";
import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyInstance } from "fastify";
import type { Running } from "../compose.ts";
import { ExpungeError, messageOf } from "../core/errors.ts";
import { urlOf } from "./connect.ts";

/** The HTTP face of this process, listening. */
export class Listener {
  readonly url: string;
  readonly #app: FastifyInstance;

  constructor(app: FastifyInstance, url: string) {
    this.#app = app;
    this.url = url;
  }

  /** @throws ExpungeError `invalid-config` when the address cannot be listened on */
  static async open(
    running: Pick<Running, "app">,
    address: { readonly host: string; readonly port: number },
  ): Promise<Listener> {
    const { host, port } = address;
    const app = await running.app();
    try {
      await app.listen({ host, port });
    } catch (cause) {
      await app.close();
      throw new ExpungeError("invalid-config", `${urlOf(host, port)}: ${reasonOf(cause)}`, {
        cause,
      });
    }
    const bound = app.server.address();
    // With port 0 only the socket knows which one it got.
    const actual = typeof bound === "object" && bound !== null ? bound.port : port;
    return new Listener(app, urlOf(host, actual));
  }

  /** Until requests are answered (R11), or the start is interrupted. */
  async untilReady(interrupt: AbortSignal): Promise<void> {
    while (!interrupt.aborted) {
      const { statusCode } = await this.#app.inject({ url: "/readyz" });
      if (statusCode === 200) return;
      await sleep(LIMITS.readyPollMs);
    }
  }

  /** Lets requests end, at most so long, then cuts what is left. */
  async close(graceMs: number): Promise<void> {
    const timer = setTimeout(() => this.#app.server.closeAllConnections(), graceMs);
    try {
      await this.#app.close();
    } finally {
      clearTimeout(timer);
    }
  }
}

function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : "";
  if (code === "EADDRINUSE") return "the port is in use; choose another one with --port.";
  if (code === "EACCES") return "the port needs more rights; choose one above 1023 with --port.";
  return messageOf(cause);
}
