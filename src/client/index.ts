/**
 * A client for applications, over `fetch`: it runs in Node, in browsers and on edge runtimes. What
 * stands here is kept stable, and nothing else is. The shapes are those of the API (docs/client.md).
 */
import { Audits } from "./audits.ts";
import { AuditLog } from "./audit-log.ts";
import { Deletions } from "./deletions.ts";
import { Files, Urls } from "./files.ts";
import { Holds, Projects } from "./projects.ts";
import { Receipts, Service } from "./receipts.ts";
import { Tokens } from "./tokens.ts";
import { type ClientOptions, Transport } from "./transport.ts";
import { Uploads } from "./uploads.ts";

/** The calls of a service, by noun. */
export interface ExpungeClient {
  readonly projects: Projects;
  readonly holds: Holds;
  readonly files: Files;
  readonly urls: Urls;
  readonly uploads: Uploads;
  readonly deletions: Deletions;
  readonly receipts: Receipts;
  readonly tokens: Tokens;
  readonly audits: Audits;
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
    tokens: new Tokens(transport),
    audits: new Audits(transport),
    auditLog: new AuditLog(transport),
    service: new Service(transport),
  };
}

export type {
  AuditJson,
  AuditEntryJson,
  BulkDeleteJson,
  BulkDeletionJson,
  BulkPlanJson,
  CreateAuditJson,
  CreateProjectJson,
  CreateTokenJson,
  DeletionJson,
  FileChecksJson,
  FileJson,
  FileOutcomesJson,
  FindingJson,
  HoldJson,
  MadeTokenJson,
  OpenUploadJson,
  PartsJson,
  PartUrlJson,
  PatchProjectJson,
  PlanJson,
  ProjectJson,
  ReceiptJson,
  ResidueJson,
  SignedUrlJson,
  TokenJson,
  UploadJson,
} from "../http/schema/index.ts";
export type { Audits } from "./audits.ts";
export type { AuditFilter, AuditLog } from "./audit-log.ts";
export type { DeletionFilter, Deletions, DeletionWaitOptions } from "./deletions.ts";
export { ExpungeClientError, isExpungeClientError } from "./error.ts";
export type { DeletionEvent, FollowOptions } from "./events.ts";
export type { FileContent, FileFacts } from "./file-content.ts";
export type { FileRemoval, Files, GetOptions, Precondition, PutOptions, Urls } from "./files.ts";
export type { Page, PageOptions } from "./pages.ts";
export type {
  DeleteOptions,
  Holds,
  ProjectFilter,
  Projects,
  RequestedDeletion,
  WaitOptions,
} from "./projects.ts";
export type { Receipts, Service } from "./receipts.ts";
export type { PartSource, RunningUpload, UploadOptions, UploadProgress } from "./running-upload.ts";
export type { Body, CallOptions, ClientOptions } from "./transport.ts";
export type { Tokens } from "./tokens.ts";
export type { CompletedPart, Uploads } from "./uploads.ts";
