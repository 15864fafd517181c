import { type ClientOptions, createClient, type ExpungeClient } from "../../src/client/index.ts";
import { isExpungeClientError } from "../../src/client/index.ts";
import { type HttpService, listen, startHttp } from "../http/support.ts";

export interface Served {
  readonly http: HttpService;
  readonly origin: string;
  /** Of whoever this token stands for. */
  clientOf(token: string, options?: Partial<ClientOptions>): ExpungeClient;
  close(): Promise<void>;
}

/** The real application on a port of its own, and clients that talk to it over sockets. */
export async function serveHttp(options: Parameters<typeof startHttp>[0] = {}): Promise<Served> {
  const http = await startHttp(options);
  const { origin } = await listen(http);
  return {
    http,
    origin,
    clientOf: (token, rest = {}) => createClient({ url: origin, token, ...rest }),
    close: () => http.close(),
  };
}

/** The code and the status of a call that must fail. */
export async function failureOf(call: Promise<unknown>): Promise<{ code: string; status: number }> {
  try {
    await call;
  } catch (error) {
    if (!isExpungeClientError(error)) throw error;
    return { code: error.code, status: error.status };
  }
  throw new Error("the call succeeded");
}

/** Makes the memory store refuse every removal, as a lock does. */
export function lockObjects({ objects }: HttpService): void {
  objects.failures.refuse = () => ({
    result: "blocked",
    retryable: false,
    code: "object-locked",
    message: "locked",
  });
}
