import type { FastifyInstance } from "fastify";

interface Route {
  readonly method: string;
  readonly pattern: RegExp;
}

/** All routes, to tell a path that does not exist from one that does not take the method. */
export type RouteTable = Route[];

/** Begins to note down routes; to be called before the first one is added. */
export function collectRoutes(app: FastifyInstance): RouteTable {
  const table: RouteTable = [];
  app.addHook("onRoute", ({ method, url }) => {
    for (const one of [method].flat()) table.push({ method: one, pattern: patternOf(url) });
  });
  return table;
}

export function allowedMethods(table: RouteTable, path: string): readonly string[] {
  const methods = table.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
  return [...new Set(methods)].sort();
}

/** `/files::move` stands for a literal colon, `:id` for a segment, `*` for the rest. */
function patternOf(url: string): RegExp {
  const source = url
    .split("/")
    .map((segment) => {
      if (segment === "*") return ".*";
      if (/^:[^:]/.test(segment)) return "[^/]+";
      return segment.replaceAll("::", ":").replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
    })
    .join("/");
  return new RegExp(`^${source}$`);
}
