/** Types of everything that goes over the wire, for the console and for clients. */
export type {
  AdoptedProjectJson,
  AdoptionJson,
  AdoptionRefusalJson,
  CreateAdoptionJson,
} from "./adoption.ts";
export type { AuditJson, AuditListJson, CreateAuditJson, FindingJson } from "./audit.ts";
export type { AuditEntryJson, AuditLogJson } from "./audit-log.ts";
export type { CleanupCheckJson, SelfTestJson, TrackedKeysJson } from "./debug.ts";
export type {
  BulkDeleteJson,
  BulkDeletionJson,
  BulkPlanJson,
  DeletionJson,
  DeletionListJson,
  PlanJson,
  ResidueJson,
} from "./deletion.ts";
export type {
  FileChecksJson,
  FileJson,
  FileListJson,
  FileOutcomesJson,
  PendingFileJson,
  SignedUrlJson,
} from "./file.ts";
export type { ProblemJson } from "./problem.ts";
export type {
  CreateProjectJson,
  HoldJson,
  PatchProjectJson,
  ProjectJson,
  ProjectListJson,
} from "./project.ts";
export type { ReceiptJson } from "./receipt.ts";
export type {
  CreateRelayoutJson,
  EndRelayoutJson,
  RelayoutJson,
  RelayoutListJson,
  RelayoutSparedJson,
} from "./relayout.ts";
export type { SessionJson, SignInCodeJson } from "./session.ts";
export type { DoctorJson, HealthJson, JwksJson, ReadyJson, SettingsJson } from "./service.ts";
export type { CreateTokenJson, MadeTokenJson, TokenJson, TokenListJson } from "./token.ts";
export type { WebhookListJson, WebhookRetryJson, WebhookTestJson } from "./webhook.ts";
export type { OpenUploadJson, PartsJson, PartUrlJson, UploadJson } from "./upload.ts";
