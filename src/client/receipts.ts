import type {
  DoctorJson,
  HealthJson,
  JwksJson,
  ReceiptJson,
  SettingsJson,
} from "../http/schema/index.ts";
import { segment } from "./addresses.ts";
import type { CallOptions, Transport } from "./transport.ts";

/** Signed statements of what was removed. */
export class Receipts {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** The receipt of a deleted project, by its uid. @throws ExpungeClientError `receipt-not-found` */
  async get(projectUid: string, options: CallOptions = {}): Promise<ReceiptJson> {
    return await this.#transport.json({ ...options, path: `/v1/receipts/${segment(projectUid)}` });
  }

  /**
   * The public keys by which receipts verify, retired ones included. Keep them when you keep receipts: a
   * receipt proves something only by keys that came another way.
   */
  async keys(options: CallOptions = {}): Promise<JwksJson["keys"]> {
    const { keys }: JwksJson = await this.#transport.json({
      ...options,
      path: "/.well-known/jwks.json",
    });
    return keys;
  }
}

/** The service itself. */
export class Service {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** That the process lives, and its version. */
  async health(options: CallOptions = {}): Promise<HealthJson> {
    return await this.#transport.json({ ...options, path: "/healthz" });
  }

  /** Resolves when requests are answered. @throws ExpungeClientError `not-ready` after some attempts */
  async ready(options: CallOptions = {}): Promise<void> {
    await this.#transport.json({ ...options, path: "/readyz" });
  }

  /** What `expunge doctor` checks, looked at by the service; for admins. */
  async doctor(options: CallOptions = {}): Promise<DoctorJson> {
    return await this.#transport.json({ ...options, path: "/v1/doctor" });
  }

  /** The effective configuration of the process that answers, secrets redacted; for admins. */
  async settings(options: CallOptions = {}): Promise<SettingsJson["settings"]> {
    const { settings }: SettingsJson = await this.#transport.json({
      ...options,
      path: "/v1/settings",
    });
    return settings;
  }
}
