import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { type HttpService, startHttp } from "./support.ts";

let http: HttpService;
beforeAll(async () => {
  http = await startHttp();
});
afterAll(() => http.close());

/** The contract of the HTTP face: people's scripts rely on these. Nothing is renamed or taken away. */
const CONTRACT = `
POST   /v1/projects
GET    /v1/projects
GET    /v1/projects/{id}
PATCH  /v1/projects/{id}
DELETE /v1/projects/{id}
POST   /v1/projects/{id}/restore
PUT    /v1/projects/{id}/hold
DELETE /v1/projects/{id}/hold
POST   /v1/projects:delete
PUT    /v1/projects/{id}/files/{path}
GET    /v1/projects/{id}/files/{path}
HEAD   /v1/projects/{id}/files/{path}
GET    /v1/projects/{id}/files
DELETE /v1/projects/{id}/files/{path}
POST   /v1/projects/{id}/files:delete
POST   /v1/projects/{id}/files:check
POST   /v1/projects/{id}/files:move
POST   /v1/projects/{id}/urls
POST   /v1/projects/{id}/uploads
GET    /v1/projects/{id}/uploads/{uploadId}/parts/{n}
GET    /v1/projects/{id}/uploads/{uploadId}/parts
POST   /v1/projects/{id}/uploads/{uploadId}/complete
DELETE /v1/projects/{id}/uploads/{uploadId}
GET    /v1/deletions
GET    /v1/deletions/{id}
GET    /v1/deletions/{id}/events
GET    /v1/deletions/{id}/residue
POST   /v1/deletions/{id}/retry
GET    /v1/receipts/{projectUid}
POST   /v1/audits
GET    /v1/audits/{id}
GET    /v1/audits/{id}/findings
POST   /v1/debug/cleanup-project/{id}
GET    /v1/debug/verify-cleanup/{id}
GET    /v1/debug/project-files/{id}
POST   /v1/debug/self-test
POST   /v1/debug/sweeps
GET    /v1/debug/sweeps/{id}
GET    /healthz
GET    /readyz
GET    /metrics
GET    /openapi.json
GET    /docs
GET    /.well-known/jwks.json
`;

/** Of the contract, and not there yet. */
const NOT_YET = ``;

/** Beside the contract: where signed URLs lead to, which nobody writes by hand, and what came later. */
const ADDED = `
PUT     /v1/upload-parts/{projectUid}/{uploadId}/{partNumber}
OPTIONS /v1/upload-parts/{projectUid}/{uploadId}/{partNumber}
GET     /v1/downloads/{projectUid}/{fileUid}
HEAD    /v1/downloads/{projectUid}/{fileUid}
POST    /v1/sign-in-codes
POST    /v1/sessions
GET     /v1/sessions/current
DELETE  /v1/sessions/current
POST    /v1/tokens
GET     /v1/tokens
DELETE  /v1/tokens/{tokenId}
GET     /v1/webhooks
POST    /v1/webhooks/{id}/test
POST    /v1/webhooks/{id}/retry
GET     /v1/audit-log
GET     /v1/audits
POST    /v1/adoptions
GET     /v1/adoptions/{id}
GET     /v1/adoptions/{id}/projects
GET     /v1/adoptions/{id}/refusals
POST    /v1/relayouts
GET     /v1/relayouts
GET     /v1/relayouts/{id}
GET     /v1/relayouts/{id}/spared
POST    /v1/relayouts/{id}/finish
POST    /v1/relayouts/{id}/undo
GET     /v1/doctor
GET     /v1/settings
`;

function callsOf(text: string): string[] {
  const lines = text.split("\n").filter((line) => line !== "");
  // How a parameter is called is no part of the contract, but that it is one.
  return lines.map((line) => line.replace(/\s+/, " ").replaceAll(/\{(?!path\})\w+\}/g, "{}"));
}

/** The methods and paths of the document that the service publishes. */
async function published(): Promise<string[]> {
  const { body } = await http.call({ as: "", method: "GET", url: "/openapi.json" });
  const document = z
    .object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })
    .parse(JSON.parse(body));
  return Object.entries(document.paths).flatMap(([path, item]) =>
    callsOf(
      Object.keys(item)
        .map((method) => `${method.toUpperCase()} ${path}`)
        .join("\n"),
    ),
  );
}

test("every call of the contract is there, but for those that are known to come", async () => {
  const there = new Set(await published());
  const missing = callsOf(CONTRACT).filter((call) => !there.has(call));
  expect(missing.sort()).toEqual(callsOf(NOT_YET).sort());
});

test("no call is there that neither the contract nor the list of additions has", async () => {
  const known = new Set([...callsOf(CONTRACT), ...callsOf(ADDED)]);
  expect((await published()).filter((call) => !known.has(call))).toEqual([]);
});
