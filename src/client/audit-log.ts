import type { AuditEntryJson } from "../http/schema/index.ts";
import { type Page, type PageOptions, readAll, readPage } from "./pages.ts";
import type { CallOptions, Transport } from "./transport.ts";

/** Which entries of the audit log are asked for. */
export interface AuditFilter {
  readonly projectId?: string | undefined;
}

/** Who asked for which change. For administrators. */
export class AuditLog {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** One page of entries, the newest first. */
  async list(options: AuditFilter & PageOptions = {}): Promise<Page<AuditEntryJson>> {
    const { projectId } = options;
    return await readPage(this.#transport, "/v1/audit-log", options, { projectId });
  }

  /** All entries, page by page as they are taken. */
  all(options: AuditFilter & CallOptions = {}): AsyncGenerator<AuditEntryJson, void, undefined> {
    const { projectId } = options;
    return readAll(this.#transport, "/v1/audit-log", options, { projectId });
  }
}
