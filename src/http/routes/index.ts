import type { App, RouteDeps } from "../deps.ts";
import { addAuditRoutes } from "./audits.ts";
import { addBulkDeletionRoutes } from "./bulk-deletion.ts";
import { addDebugRoutes } from "./debug.ts";
import { addDeletionRoutes } from "./deletions.ts";
import { addFileContentRoutes } from "./file-content.ts";
import { addFileRoutes } from "./files.ts";
import { addMetricsRoute } from "./metrics.ts";
import { addProjectDeletionRoutes } from "./project-deletion.ts";
import { addProjectRoutes } from "./projects.ts";
import { addReceiptRoutes } from "./receipts.ts";
import { addServiceRoutes } from "./service.ts";
import { addSessionRoutes } from "./sessions.ts";
import { addSignedRoutes } from "./signed.ts";
import { addTokenRoutes } from "./tokens.ts";
import { addSweepRoutes } from "./sweeps.ts";
import { addUploadRoutes } from "./uploads.ts";

export function addRoutes(app: App, deps: RouteDeps): void {
  addProjectRoutes(app, deps);
  addProjectDeletionRoutes(app, deps);
  addBulkDeletionRoutes(app, deps);
  addFileRoutes(app, deps);
  addFileContentRoutes(app, deps);
  addUploadRoutes(app, deps);
  addDeletionRoutes(app, deps);
  addReceiptRoutes(app, deps);
  addTokenRoutes(app, deps);
  addSessionRoutes(app, deps);
  addAuditRoutes(app, deps);
  addDebugRoutes(app, deps);
  addSweepRoutes(app, deps);
  addServiceRoutes(app, deps);
  addMetricsRoute(app, deps);
  addSignedRoutes(app, deps);
}
