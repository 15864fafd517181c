import { isBuiltin } from "node:module";
import { cyclesOf, type Import, importsOf } from "./imports.ts";
import type { Source, Violation } from "./source.ts";

type Layer =
  | "core"
  | "ports"
  | "services"
  | "adapters"
  | "http"
  | "client"
  | "cli"
  | "config"
  | "compose"
  | "version"
  | "engine"
  | "index";

/** ARCHITECTURE.md, "The house": what each layer may import, besides itself. */
const MAY_IMPORT: Readonly<Record<Layer, readonly Layer[]>> = {
  core: [],
  ports: ["core"],
  services: ["core", "ports"],
  adapters: ["core", "ports"],
  http: ["core", "ports", "services", "version"],
  client: ["core"],
  cli: ["core", "ports", "services", "client", "config", "compose", "version"],
  config: ["core"],
  compose: ["core", "ports", "services", "adapters", "http", "cli", "config", "version"],
  version: [],
  engine: ["core", "ports", "services", "adapters"],
  index: [
    "core",
    "ports",
    "services",
    "adapters",
    "http",
    "config",
    "compose",
    "version",
    "engine",
  ],
};

/** What each layer may import the types of. */
const MAY_IMPORT_TYPES: Readonly<Partial<Record<Layer, readonly Layer[]>>> = {
  http: ["config"],
  client: ["http"],
  cli: ["http"],
};

/** The layer of a file below src/, or null where ARCHITECTURE.md, "The house" knows none. */
function layerOf(path: string): Layer | null {
  const name = /^src\/([^/]+?)(?:\.ts)?(?:\/|$)/.exec(path)?.[1] ?? "";
  return Object.hasOwn(MAY_IMPORT, name) ? (name as Layer) : null;
}

export function checkArrows(sources: readonly Source[]): Violation[] {
  const violations: Violation[] = [];
  for (const source of sources) {
    const from = layerOf(source.path);
    if (from === null) {
      const message = "lies in no layer that ARCHITECTURE.md knows";
      violations.push({ path: source.path, line: 1, message });
      continue;
    }
    for (const each of importsOf(source)) {
      const message = problemOf(each, from);
      if (message !== null) violations.push({ path: source.path, line: each.line, message });
    }
  }
  return violations;
}

function problemOf(each: Import, from: Layer): string | null {
  if (!each.isOwn) {
    if (!isBuiltin(each.to)) return null;
    if (from === "core") return `core is pure and may not import '${each.to}'`;
    return from === "client" ? `client runs in browsers too and may not import '${each.to}'` : null;
  }
  const to = layerOf(each.to);
  if (to === null) return `imports what lies in no layer: '${each.to}'`;
  if (to === from || MAY_IMPORT[from].includes(to)) return null;
  const typesToo = MAY_IMPORT_TYPES[from]?.includes(to) === true;
  if (typesToo && each.isTypeOnly) return null;
  const hint = typesToo ? " other than by 'import type'" : "";
  return `${from} may not import from ${to}${hint}: '${each.to}'`;
}

export function checkCycles(sources: readonly Source[]): Violation[] {
  return cyclesOf(sources.flatMap((source) => importsOf(source))).map((cycle) => ({
    path: cycle[0]?.from ?? "",
    line: cycle[0]?.line ?? 0,
    message: `imports go in a circle: ${cycle.map(({ from }) => from).join(" -> ")} -> ${cycle[0]?.from}`,
  }));
}
