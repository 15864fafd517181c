import { z } from "zod";
import type { Rng } from "../simulation/random.ts";
import type { FuzzRequest } from "./request.ts";
import { anyText, encoded, HEADERS, METHODS } from "./words.ts";
import { jsonBody, mutatedJson, type Schemas } from "./json.ts";
import { knownOr, MARK, type World } from "./world.ts";

const parameterSchema = z.looseObject({ name: z.string(), in: z.string(), schema: z.unknown() });
const operationSchema = z.looseObject({
  parameters: z.array(parameterSchema).default([]),
  requestBody: z.looseObject({ content: z.record(z.string(), z.unknown()) }).optional(),
});
const documentSchema = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
  components: z.looseObject({ schemas: z.record(z.string(), z.unknown()) }),
});

interface Route {
  readonly method: string;
  readonly path: string;
  /** Names of headers that mean something here. */
  readonly headers: readonly string[];
  readonly queries: readonly { readonly name: string; readonly schema: unknown }[];
  readonly body: { readonly schema: unknown } | "raw" | null;
}

/** Makes requests of every route of the OpenAPI document, most of them a little wrong. */
export class Generator {
  readonly routes: readonly Route[];
  readonly #schemas: Schemas;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
    const text = JSON.stringify(world.app.swagger());
    const { paths, components } = documentSchema.parse(JSON.parse(text));
    this.#schemas = components.schemas;
    this.routes = Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, { parameters, requestBody }]): Route => {
        const content = requestBody?.content ?? {};
        const json = z.looseObject({ schema: z.unknown() }).safeParse(content["application/json"]);
        return {
          method: method.toUpperCase(),
          path,
          headers: parameters.filter((one) => one.in === "header").map(({ name }) => name),
          queries: parameters.filter((one) => one.in === "query"),
          body: json.success ? json.data : requestBody ? "raw" : null,
        };
      }),
    );
  }

  request(rng: Rng): FuzzRequest {
    // Files and uploads have the most ways to go wrong.
    const routes = rng.chance(0.5)
      ? this.routes.filter(({ path }) => /files|upload|downloads/.test(path))
      : this.routes;
    const route = rng.pick(routes);
    const token = rng.pick(["bob", "bob", "bob", "bob", "root", "bob-reads", ""]);
    const isWrong = rng.chance(0.6);
    const method = isWrong && rng.chance(0.06) ? rng.pick(METHODS) : route.method;
    const target = this.#target(rng, route, token, isWrong);
    const headers: [string, string][] = [["host", "127.0.0.1"]];
    if (token !== "") headers.push(["authorization", `Bearer ${token}`]);
    const body = this.#body(rng, route, headers, isWrong);
    for (const name of route.headers) {
      if (rng.chance(0.25)) headers.push([name, this.#header(rng, name)]);
    }
    if (isWrong) mutateHeaders(rng, headers);
    const made = { route: `${route.method} ${route.path}`, method, headers, body };
    if (isWrong && rng.chance(0.03)) return { ...made, ...distorted(rng, target), isTidy: false };
    const isTidy = /^\/[\x21-\x7e]*$/.test(target) && METHODS.includes(method);
    return { ...made, target, isTidy };
  }

  #target(rng: Rng, route: Route, token: string, isWrong: boolean): string {
    if (route.path.includes("Uid}/") && rng.chance(0.5)) return this.#signed(rng, route.path);
    const path = route.path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => {
      if (isWrong && rng.chance(0.12)) return encoded(rng, anyText(rng));
      return encodeURI(this.#value(rng, route.path, name, token));
    });
    const queries = route.queries
      .filter(() => rng.chance(0.35))
      .map(({ name, schema }) => {
        const wrong = isWrong && rng.chance(0.4);
        const value = wrong ? anyText(rng) : this.#query(rng, name, schema);
        return `${name}=${encoded(rng, value)}`;
      });
    if (isWrong && rng.chance(0.05)) queries.push(encoded(rng, anyText(rng)));
    if (isWrong && rng.chance(0.05)) queries.push(...queries);
    return queries.length === 0 ? path : `${path}?${queries.join("&")}`;
  }

  /** A signed URL of the same kind, whole or with one character changed. */
  #signed(rng: Rng, path: string): string {
    const kind = path.split("{")[0] ?? "";
    const url = knownOr(rng, this.#world.known.signed, () => "/x");
    const chosen = url.startsWith(kind) ? url : kind + url.split("/").slice(3).join("/");
    if (rng.chance(0.4)) return chosen;
    const at = rng.between(0, chosen.length - 1);
    return chosen.slice(0, at) + rng.pick(["", "0", "A", "&", "%41"]) + chosen.slice(at + 1);
  }

  #value(rng: Rng, path: string, name: string, token: string): string {
    const { known, foreign } = this.#world;
    const isForeign = token !== "root" && rng.chance(0.15);
    if (path.startsWith("/v1/deletions")) {
      return isForeign ? foreign.deletion : knownOr(rng, known.deletions, () => "DELETE-x");
    }
    // Else the fuzzer would ask for them by ids of projects, and meet none.
    const [, kind] = /^\/v1\/(audit|adoption|relayout)s\//.exec(path) ?? [];
    if (kind !== undefined) return knownOr(rng, known.others.get(`${kind}Id`) ?? [], () => "nope");
    switch (name) {
      case "path":
        return rng.pick([`${MARK}/a`, `${MARK}/b é`, `${MARK}/up`, `${MARK}/new`, MARK]);
      case "partNumber":
        return rng.pick(["1", "2", "10000", "0"]);
      case "uploadId":
        return isForeign ? foreign.upload : knownOr(rng, known.uploads, () => "x");
      case "projectUid":
      case "fileUid":
        return isForeign ? foreign.uid : knownOr(rng, known.uids, () => "x");
      case "id":
        return isForeign ? foreign.id : knownOr(rng, known.ids, () => "nope");
      default:
        return knownOr(rng, known.others.get(name) ?? [], () => "nope");
    }
  }

  #query(rng: Rng, name: string, schema: unknown): string {
    if (name === "cursor") return knownOr(rng, this.#world.known.cursors, () => "W10");
    if (name === "grace") return rng.pick(["0s", "72h", "1d"]);
    if (name === "projectId") return knownOr(rng, this.#world.known.ids, () => "nope");
    if (name === "namePrefix" || name === "prefix") return rng.pick([MARK, "qq"]);
    const value = jsonBody(rng, schema, this.#schemas, this.#world);
    return typeof value === "string" ? value : JSON.stringify(value ?? null);
  }

  #header(rng: Rng, name: string): string {
    if (/^if-(none-)?match$|^if-range$/.test(name) && rng.chance(0.6)) {
      return `"${knownOr(rng, this.#world.known.etags, () => "x")}"`;
    }
    return rng.pick(HEADERS[name] ?? ["x"]);
  }

  #body(rng: Rng, route: Route, headers: [string, string][], isWrong: boolean): Buffer | null {
    if (route.body === null) {
      return isWrong && rng.chance(0.05) ? mutatedJson(rng, { a: 1 }) : null;
    }
    if (route.body === "raw") {
      headers.push(["content-type", rng.pick(HEADERS["content-type"] ?? [])]);
      return Buffer.from(rng.bytes(rng.pick([0, 1, 5, 5, 100, 5000])));
    }
    headers.push(["content-type", "application/json"]);
    const value = jsonBody(rng, route.body.schema, this.#schemas, this.#world);
    return isWrong ? mutatedJson(rng, value) : Buffer.from(JSON.stringify(value ?? {}));
  }
}

function mutateHeaders(rng: Rng, headers: [string, string][]): void {
  const names = Object.keys(HEADERS);
  const count = rng.pick([0, 0, 1, 1, 2, 4]);
  for (let i = 0; i < count; i++) {
    const name = rng.pick(names);
    const value = rng.chance(0.85) ? rng.pick(HEADERS[name] ?? []) : headerText(rng);
    headers.push([name, value]);
  }
  if (rng.chance(0.04)) {
    const at = headers.findIndex(([name]) => name === "authorization");
    const value = rng.pick(["Bearer", "Basic YTpi", "Bearer x y", "bearer bob", "Bearer \x80", ""]);
    if (at >= 0) headers[at] = ["authorization", value];
  }
}

/** What may stand in a header. */
function headerText(rng: Rng): string {
  return anyText(rng)
    .replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, "")
    .trim()
    .slice(0, 2000);
}

/** What no client sends: it goes over a socket. */
function distorted(rng: Rng, target: string): Partial<FuzzRequest> & { readonly target: string } {
  switch (rng.between(0, 6)) {
    case 0:
      return { target: anyText(rng) };
    case 1:
      return { target: `http://evil.example${target}` };
    case 2:
      return { target, method: anyText(rng).slice(0, 20) || "get" };
    case 3:
      return {
        target,
        headers: [
          ["host", "a"],
          ["content-length", rng.pick(["-1", "x", "99999999999999999999", "1, 1"])],
        ],
      };
    case 4:
      return {
        target,
        headers: [
          ["host", "a"],
          ["transfer-encoding", rng.pick(["chunked", "gzip", "chunked, chunked", "x"])],
        ],
      };
    case 5:
      return {
        target,
        headers: [
          ["host", "a"],
          [anyText(rng).slice(0, 30), anyText(rng)],
        ],
      };
    default:
      return { target: target + anyText(rng) };
  }
}
