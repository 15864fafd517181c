import { Adoptions } from "./adoption/adoptions.ts";
import { Audits } from "./audit/audits.ts";
import { AuditLog } from "./audit-log.ts";
import { BulkDeletions } from "./bulk-deletions.ts";
import type { Context } from "./context.ts";
import { Debug } from "./debug.ts";
import { Deletions } from "./deletions.ts";
import { Files } from "./files/files.ts";
import { SignedUrls } from "./files/signed-urls.ts";
import { Monitor } from "./monitor.ts";
import { PrefixSweeps } from "./prefix-sweeps.ts";
import { Projects } from "./projects.ts";
import { Receipts } from "./receipts.ts";
import { Relayouts } from "./relayout/relayouts.ts";
import { Sessions } from "./sessions.ts";
import { Tokens } from "./tokens.ts";
import { Webhooks } from "./webhooks.ts";
import { Uploads } from "./uploads/uploads.ts";

/** The operations of expunge, as the faces and the library offer them. */
export interface Services {
  readonly projects: Projects;
  readonly files: Files;
  readonly uploads: Uploads;
  readonly signedUrls: SignedUrls;
  readonly deletions: Deletions;
  readonly bulkDeletions: BulkDeletions;
  readonly receipts: Receipts;
  readonly tokens: Tokens;
  readonly sessions: Sessions;
  readonly audits: Audits;
  readonly adoptions: Adoptions;
  readonly relayouts: Relayouts;
  readonly debug: Debug;
  readonly monitor: Monitor;
  readonly prefixSweeps: PrefixSweeps;
  readonly webhooks: Webhooks;
  readonly auditLog: AuditLog;
}

export function createServices(context: Context): Services {
  const projects = new Projects(context);
  const files = new Files(context, projects);
  const deletions = new Deletions(context, projects);
  return {
    projects,
    files,
    deletions,
    bulkDeletions: new BulkDeletions(projects, deletions),
    uploads: new Uploads(context, projects),
    signedUrls: new SignedUrls(context, projects, files),
    receipts: new Receipts(context),
    tokens: new Tokens(context),
    sessions: new Sessions(context),
    audits: new Audits(context),
    adoptions: new Adoptions(context),
    relayouts: new Relayouts(context),
    debug: new Debug(context, projects, files, deletions),
    monitor: new Monitor(context),
    prefixSweeps: new PrefixSweeps(context),
    webhooks: new Webhooks(context),
    auditLog: new AuditLog(context),
  };
}
