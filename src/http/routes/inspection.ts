import { requireRight } from "../../core/caller.ts";
import { callerOf } from "../auth.ts";
import type { App, RouteDeps } from "../deps.ts";
import { schemaOf } from "../operation.ts";
import { noQuery } from "../schema/common.ts";
import {
  type DoctorJson,
  doctorSchema,
  type SettingsJson,
  settingsSchema,
} from "../schema/service.ts";
import { goneSignal } from "../streams.ts";

export function addInspectionRoutes(app: App, { inspection }: RouteDeps): void {
  app.route({
    method: "GET",
    url: "/v1/doctor",
    schema: schemaOf({
      operationId: "doctor",
      summary:
        "Look at layouts, signing key, database, jobs and store, and prove each call that is needed",
      description:
        "For administrators. Small objects are made below `.expunge/doctor/` and removed.",
      tag: "service",
      querystring: noQuery,
      answers: { 200: { description: "Each check, with what to do about it", json: doctorSchema } },
      errors: [],
    }),
    handler: async (request, reply): Promise<DoctorJson> => {
      requireRight(callerOf(request), "admin");
      const checks = (await inspection?.diagnose(goneSignal(reply))) ?? [];
      return { ok: checks.every(({ ok }) => ok !== false), checks: [...checks] };
    },
  });
  app.route({
    method: "GET",
    url: "/v1/settings",
    schema: schemaOf({
      operationId: "settings",
      summary: "Read the effective configuration of this process, secrets redacted",
      description: "For administrators: what `expunge config` prints.",
      tag: "service",
      querystring: noQuery,
      answers: { 200: { description: "Every setting", json: settingsSchema } },
      errors: [],
    }),
    handler: async (request): Promise<SettingsJson> => {
      requireRight(callerOf(request), "admin");
      return { settings: [...(inspection?.settings() ?? [])] };
    },
  });
}
