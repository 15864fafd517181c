/**
 * A client for applications, over `fetch`: it runs in Node, in browsers and on edge runtimes. What
 * stands here is kept stable, and nothing else is. The shapes are those of the API (docs/client.md).
 */
export { createClient, type ExpungeClient } from "./client.ts";
export type {
  AdoptedProjectJson,
  AdoptionJson,
  AdoptionRefusalJson,
  AuditJson,
  AuditEntryJson,
  BulkDeleteJson,
  BulkDeletionJson,
  BulkPlanJson,
  CreateAdoptionJson,
  CreateAuditJson,
  CreateProjectJson,
  CreateRelayoutJson,
  CreateTokenJson,
  DeletionJson,
  DoctorJson,
  EndRelayoutJson,
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
  RelayoutJson,
  RelayoutSparedJson,
  ResidueJson,
  SessionJson,
  SettingsJson,
  SignedUrlJson,
  SignInCodeJson,
  TokenJson,
  UploadJson,
  WebhookListJson,
  WebhookRetryJson,
  WebhookTestJson,
} from "../http/schema/index.ts";
export type { Adoptions } from "./adoptions.ts";
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
export type { Relayouts } from "./relayouts.ts";
export type { PartSource, RunningUpload, UploadOptions, UploadProgress } from "./running-upload.ts";
export type { Body, CallOptions, ClientOptions } from "./transport.ts";
export type { SignInCodeInput, Sessions } from "./sessions.ts";
export type { Tokens } from "./tokens.ts";
export type { CompletedPart, Uploads } from "./uploads.ts";
export type { Webhooks } from "./webhooks.ts";
export {
  answerUppy,
  type AnswerOptions,
  type UppyFile,
  type UppyOptions,
  uppyOptions,
} from "./uppy.ts";
