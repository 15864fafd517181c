import type { LightMyRequestResponse } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { encodeCursor } from "../../src/http/cursor.ts";
import {
  type Call,
  expectProblem,
  fieldOf,
  type HttpService,
  jsonOf,
  makeProject,
  nextOf,
  putFile,
  startHttp,
} from "../http/support.ts";
import { type Route, routesOf, urlOf } from "./routes.ts";

/**
 * I10 over every route, method and identifier. Bob has all rights that a user can have; alice has a
 * project in each state. Whatever bob asks of hers is answered as for what does not exist.
 */
interface Ids extends Readonly<Record<string, string>> {
  readonly id: string;
  readonly uid: string;
  readonly uploadId: string;
  readonly deletionId: string;
}

/** How a route is called, so that nothing but the owner stands in the way. */
interface Row {
  /** Which identifier its parameter is; `id` and the others are named as in `Ids` unless said here. */
  readonly params?: Readonly<Record<string, keyof Ids>>;
  readonly bodies?: (ids: Ids) => readonly object[];
  readonly queries?: (ids: Ids) => readonly string[];
  /** Refused to whoever is no admin, before anything is looked up. */
  readonly admin?: true;
}

const DELETION: Row = { params: { id: "deletionId" } };
const bodies = (...all: readonly object[]): Row => ({ bodies: () => all });

/** Reads that are refused to whoever is no admin. */
const reads = (...paths: readonly string[]): Readonly<Record<string, Row>> =>
  Object.fromEntries(paths.map((path) => [`GET /v1${path}`, { admin: true }]));

/** A route that is not public and has no row here fails the first test. */
const ROWS: Readonly<Record<string, Row>> = {
  "POST /v1/projects": {
    bodies: ({ id }) => [{ id }, { owner: "alice" }, { id, owner: "bob" }],
  },
  "GET /v1/projects": {
    queries: ({ uid }) => ["?namePrefix=a-", "?state=active", cursorOf(PROJECTS, uid)],
  },
  "POST /v1/projects:delete": {
    bodies: ({ id, uid }) => [{ ids: [id] }, { ids: [uid, id] }, { namePrefix: "a-" }],
    queries: () => ["", "?dryRun=true", "?maxObjects=0"],
  },
  "GET /v1/projects/{id}": {},
  "PATCH /v1/projects/{id}": bodies({ name: "mine" }, { expiresAt: null }, {}),
  "DELETE /v1/projects/{id}": {
    queries: () => ["", "?dryRun=true", "?maxObjects=0", "?grace=72h"],
  },
  "POST /v1/projects/{id}/restore": {},
  "PUT /v1/projects/{id}/hold": { ...bodies({ reason: "mine" }), admin: true },
  "DELETE /v1/projects/{id}/hold": { admin: true },
  "GET /v1/projects/{id}/files": { queries: () => ["", "?prefix=a", "?limit=1"] },
  "PUT /v1/projects/{id}/files/{path}": {},
  "GET /v1/projects/{id}/files/{path}": { queries: () => ["", "?disposition=inline"] },
  "HEAD /v1/projects/{id}/files/{path}": {},
  "DELETE /v1/projects/{id}/files/{path}": {},
  "POST /v1/projects/{id}/files:delete": bodies({ paths: ["a", "nope"] }),
  "POST /v1/projects/{id}/files:check": bodies({ paths: ["a", "nope"] }),
  "POST /v1/projects/{id}/files:move": bodies({ from: "a", to: "b" }, { from: "nope", to: "a" }),
  "POST /v1/projects/{id}/urls": bodies({ path: "a" }, { path: "nope" }),
  "POST /v1/projects/{id}/uploads": bodies({ path: "a", sizeBytes: 1 }),
  "GET /v1/projects/{id}/uploads/{uploadId}/parts": {},
  "GET /v1/projects/{id}/uploads/{uploadId}/parts/{partNumber}": {},
  "POST /v1/projects/{id}/uploads/{uploadId}/complete": bodies({}),
  "DELETE /v1/projects/{id}/uploads/{uploadId}": {},
  "GET /v1/deletions": {
    queries: ({ id, deletionId }) => [
      `?projectId=${id}`,
      "?state=completed",
      cursorOf(["deletions", undefined, undefined], deletionId),
    ],
  },
  "GET /v1/deletions/{id}": DELETION,
  "GET /v1/deletions/{id}/events": DELETION,
  "GET /v1/deletions/{id}/residue": DELETION,
  "POST /v1/deletions/{id}/retry": DELETION,
  "GET /v1/receipts/{projectUid}": { params: { projectUid: "uid" } },
  "POST /v1/debug/cleanup-project/{id}": { queries: () => ["", "?dryRun=false"], admin: true },
  "GET /v1/debug/verify-cleanup/{id}": { admin: true },
  "GET /v1/debug/project-files/{id}": { admin: true },
  "POST /v1/debug/self-test": { admin: true },
  "GET /metrics": { admin: true },
  "POST /v1/sign-in-codes": { ...bodies({ owner: "alice" }, {}), admin: true },
  "GET /v1/sessions/current": {},
  "DELETE /v1/sessions/current": {},
  "POST /v1/tokens": { ...bodies({ name: "mine", rights: ["admin"] }), admin: true },
  "GET /v1/tokens": { admin: true },
  "DELETE /v1/tokens/{tokenId}": { params: { tokenId: "uid" }, admin: true },
  "GET /v1/audit-log": { queries: ({ id }) => ["", `?projectId=${id}`], admin: true },
  "GET /v1/webhooks": { admin: true },
  "POST /v1/webhooks/{webhookId}/test": { params: { webhookId: "uid" }, admin: true },
  "POST /v1/webhooks/{webhookId}/retry": { params: { webhookId: "uid" }, admin: true },
  "POST /v1/debug/sweeps": { ...bodies({ prefix: "old/", confirm: "old/" }), admin: true },
  "GET /v1/debug/sweeps/{sweepId}": { admin: true },
  "POST /v1/audits": { ...bodies({}, { fix: "orphans", minAge: "0s" }), admin: true },
  "POST /v1/adoptions": { ...bodies({}, { dryRun: false, minAge: "0s" }), admin: true },
  "POST /v1/relayouts": { ...bodies({}, { dryRun: false }), admin: true },
  "POST /v1/relayouts/{id}/finish": { ...bodies({}, { dryRun: false }), admin: true },
  "POST /v1/relayouts/{id}/undo": { ...bodies({}, { dryRun: false }), admin: true },
  ...reads("/doctor", "/settings", "/audits", "/audits/{id}", "/audits/{id}/findings"),
  ...reads("/adoptions/{id}", "/adoptions/{id}/projects", "/adoptions/{id}/refusals"),
  ...reads("/relayouts", "/relayouts/{id}", "/relayouts/{id}/spared"),
};

const PROJECTS = ["projects", undefined, undefined];

function cursorOf(list: readonly (string | undefined)[], next: string): string {
  return `?cursor=${encodeCursor(list, next)}`;
}

/** As long as the real ones, so that lengths can be compared too. */
const MISSING: Ids = {
  id: "x-missing1",
  uid: "01m8hgzqbwev3vpp79sd53vt1q",
  uploadId: "01m8hgzqbwev3vpp79sd53vt1r",
  deletionId: "DELETE-000000000000",
};

let http: HttpService;
let routes: readonly Route[];
/** What is alice's, one project in each state, and what is bob's own. */
const states = ["active00", "held0000", "trashed0", "blocked0", "deleted0"] as const;
const hers: Record<string, Ids> = {};
let his: Ids;

beforeAll(async () => {
  http = await startHttp();
  routes = routesOf(http.app);
  for (const state of states) hers[state] = await furnish(`a-${state}`, "alice");
  his = await furnish("b-active00", "bob");
  await ask("admin", "PUT", "/v1/projects/a-held0000/hold", { reason: "court" });
  await deleted("trashed0", "?grace=72h");
  await deleted("deleted0", "");
  http.objects.failures.refuse = (key) =>
    key.includes(hers["blocked0"]?.uid ?? "none")
      ? { result: "blocked", retryable: false, code: "object-locked", message: "locked" }
      : null;
  await deleted("blocked0", "");
});
afterAll(() => http.close());

/** A project with a file and an open upload. */
async function furnish(id: string, owner: string): Promise<Ids> {
  const uid = await makeProject(http, id, owner);
  await putFile(http, id, "a", "secret");
  const upload = await ask("admin", "POST", `/v1/projects/${id}/uploads`, {
    path: "up",
    sizeBytes: 5,
  });
  return { id, uid, uploadId: fieldOf(upload, "uploadId"), deletionId: MISSING.deletionId };
}

async function deleted(state: (typeof states)[number], query: string): Promise<void> {
  const ids = hers[state] ?? MISSING;
  await ask("alice", "DELETE", `/v1/projects/${ids.id}${query}`);
  const list = await ask("alice", "GET", `/v1/deletions?projectId=${ids.id}`);
  const { items } = z
    .object({ items: z.array(z.looseObject({ id: z.string() })).min(1) })
    .parse(jsonOf(list));
  hers[state] = { ...ids, deletionId: items[0]?.id ?? "" };
}

function ask(
  as: string,
  method: string,
  url: string,
  payload?: object,
): Promise<LightMyRequestResponse> {
  return http.call({
    as,
    method: method as Call["method"],
    url,
    ...(payload === undefined ? {} : { payload }),
  });
}

function target(route: Route, ids: Ids): string {
  const named = ROWS[route.name]?.params ?? {};
  const values = route.params.map((name) => [name, ids[named[name] ?? name] ?? "1"] as const);
  return urlOf(route.path, { ...Object.fromEntries(values), path: "a", partNumber: "1" });
}

/** All that an answer shows, without what tells requests apart and the ids that the caller gave. */
function shown(answer: LightMyRequestResponse, ids: Ids): unknown {
  const { "x-request-id": requestId = "", date: _date, ...headers } = answer.headers;
  let body = answer.body.replaceAll(String(requestId), "REQUEST");
  for (const [name, value] of Object.entries(ids)) body = body.replaceAll(value, name);
  return { status: answer.statusCode, headers, body };
}

/** Asks for a foreign thing and for a missing one, which must show no difference and change nothing. */
async function same(route: Route, foreign: Ids, missing: Ids): Promise<LightMyRequestResponse[]> {
  const { bodies: bodiesOf, queries } = ROWS[route.name] ?? {};
  const answers = [];
  const before = http.metadata.snapshot();
  const cases = (ids: Ids): [string, object | undefined][] =>
    (queries?.(ids) ?? [""]).flatMap((query) =>
      (bodiesOf?.(ids) ?? [undefined]).map((body): [string, object | undefined] => [query, body]),
    );
  const others = cases(missing);
  for (const [i, [query, body]] of cases(foreign).entries()) {
    const [otherQuery = "", otherBody] = others[i] ?? [];
    const one = await ask("bob", route.method, target(route, foreign) + query, body);
    const other = await ask("bob", route.method, target(route, missing) + otherQuery, otherBody);
    expect(shown(one, foreign), `${route.name}${query}`).toEqual(shown(other, missing));
    answers.push(one);
  }
  expect(http.metadata.snapshot()).toEqual(before);
  return answers;
}

test("every route of the OpenAPI document that asks for a token stands in the table of isolation", () => {
  const closed = routes.filter(({ isPublic }) => !isPublic).map(({ name }) => name);
  expect(Object.keys(ROWS).sort()).toEqual(closed.toSorted());
});

describe.each(states)("another owner's project that is %s", (state) => {
  test.each(Object.keys(ROWS))("%s shows nothing of it and leaves it as it is", async (name) => {
    const route = routes.find((one) => one.name === name);
    if (!route) throw new Error(`${name} is no route`);
    const foreign = hers[state] ?? MISSING;
    const answers = await same(route, foreign, MISSING);
    for (const answer of answers) {
      if (ROWS[name]?.admin) expect(answer.statusCode).toBe(403);
      else if (route.params.length > 0) expect(answer.statusCode).toBe(404);
      expect(answer.body).not.toMatch(/alice|secret|court/);
      if (route.params.length === 0) expect(answer.body).not.toContain(`"uid":"${foreign.uid}"`);
    }
  });

  test("the id of its upload leads nowhere in a project of the caller's own", async () => {
    const foreign = { ...his, uploadId: hers[state]?.uploadId ?? "" };
    const missing = { ...his, uploadId: MISSING.uploadId };
    for (const route of routes.filter(({ params }) => params.includes("uploadId"))) {
      if (route.isPublic) continue;
      for (const answer of await same(route, foreign, missing)) {
        expectProblem(answer, 404, "upload-not-found");
      }
    }
  });
});

test("lists show the caller's own and count nothing else, whoever made the cursor", async () => {
  const ids = (answer: LightMyRequestResponse): readonly string[] =>
    z
      .object({ items: z.array(z.looseObject({ id: z.string() })) })
      .parse(jsonOf(answer))
      .items.map(({ id }) => id);
  for (const path of ["/v1/projects", "/v1/deletions"]) {
    const theirs = await ask("alice", "GET", `${path}?limit=1`);
    expect(ids(theirs)).toHaveLength(1);
    const cursor = nextOf(theirs);
    expect(cursor).not.toBeNull();
    const [own, withHers] = [
      await ask("bob", "GET", path),
      await ask("bob", "GET", `${path}?cursor=${cursor}`),
    ];
    expect(nextOf(own)).toBeNull();
    for (const id of [...ids(own), ...ids(withHers)]) expect(id).toBe("b-active00");
  }
});

test("a cursor made of another owner's deletion is answered like one of no deletion at all", async () => {
  const own = await furnish("b-gone", "bob");
  await ask("bob", "DELETE", `/v1/projects/${own.id}`);
  expect(jsonOf(await ask("bob", "GET", "/v1/deletions"))["items"]).toHaveLength(1);
  // Younger than bob's: were it a place in the list, his would follow.
  hers["later"] = await furnish("a-later", "alice");
  await ask("alice", "DELETE", "/v1/projects/a-later?grace=72h");
  const list = jsonOf(await ask("alice", "GET", "/v1/deletions?projectId=a-later"));
  const { items } = z.object({ items: z.array(z.looseObject({ id: z.string() })) }).parse(list);
  const forged = (id: string): Promise<LightMyRequestResponse> =>
    ask("bob", "GET", `/v1/deletions${cursorOf(["deletions", undefined, undefined], id)}`);
  const foreign = jsonOf(await forged(items[0]?.id ?? ""));
  expect(foreign).toEqual(jsonOf(await forged(MISSING.deletionId)));
  expect(foreign["items"]).toEqual([]);
});

test("an id that another owner has is no id that a user could take, and tells nothing", async () => {
  const before = http.metadata.snapshot();
  for (const id of [hers["active00"]?.id, hers["deleted0"]?.id, MISSING.id]) {
    expectProblem(await ask("bob", "POST", "/v1/projects", { id }), 403, "id-not-allowed");
  }
  expect(http.metadata.snapshot()).toEqual(before);
});
