import { Adoptions } from "./adoptions.ts";
import { Audits } from "./audits.ts";
import { AuditLog } from "./audit-log.ts";
import { Deletions } from "./deletions.ts";
import { Files, Urls } from "./files.ts";
import { Holds, Projects } from "./projects.ts";
import { Receipts, Service } from "./receipts.ts";
import { Relayouts } from "./relayouts.ts";
import { Sessions } from "./sessions.ts";
import { Tokens } from "./tokens.ts";
import { type ClientOptions, Transport } from "./transport.ts";
import { Uploads } from "./uploads.ts";
import { Webhooks } from "./webhooks.ts";

/** The calls of a service, by noun. */
export interface ExpungeClient {
  readonly projects: Projects;
  readonly holds: Holds;
  readonly files: Files;
  readonly urls: Urls;
  readonly uploads: Uploads;
  readonly deletions: Deletions;
  readonly receipts: Receipts;
  readonly sessions: Sessions;
  readonly tokens: Tokens;
  readonly webhooks: Webhooks;
  readonly audits: Audits;
  readonly adoptions: Adoptions;
  readonly relayouts: Relayouts;
  readonly auditLog: AuditLog;
  readonly service: Service;
}

/**
 * A client of the service at this URL. Every failed call rejects with an `ExpungeClientError`; one that
 * was ended by a signal rejects with the signal's reason. Calls that change nothing more when they are
 * repeated are, where the service did not answer or said that it cannot just now.
 */
export function createClient(options: ClientOptions): ExpungeClient {
  const transport = new Transport(options);
  const deletions = new Deletions(transport);
  return {
    projects: new Projects(transport, deletions),
    holds: new Holds(transport),
    files: new Files(transport),
    urls: new Urls(transport),
    uploads: new Uploads(transport),
    deletions,
    receipts: new Receipts(transport),
    sessions: new Sessions(transport),
    tokens: new Tokens(transport),
    webhooks: new Webhooks(transport),
    audits: new Audits(transport),
    adoptions: new Adoptions(transport),
    relayouts: new Relayouts(transport),
    auditLog: new AuditLog(transport),
    service: new Service(transport),
  };
}
