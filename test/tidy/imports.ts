import { posix } from "node:path";
import { lineAt, type Source } from "./source.ts";

export interface Import {
  readonly from: string;
  /** The path of a file of ours, or the name of a module. */
  readonly to: string;
  readonly isOwn: boolean;
  readonly isTypeOnly: boolean;
  readonly line: number;
}

// A statement that names a module, up to its opening quote; in blanked code the quotes remain.
const STATEMENT =
  /\b(?:import|export)\s+(type\b\s*)?(?:[\w$*{][\w$*{},\s]*?\bfrom\s*|(?=["']))["']|\bimport\s*["']|\bimport\s*\(\s*["'`]/g;

/** Every import, re-export and dynamic import of a file, those of types alone included. */
export function importsOf(source: Source): Import[] {
  const found: Import[] = [];
  for (const match of source.code.matchAll(STATEMENT)) {
    const open = match.index + match[0].length - 1;
    const close = source.code.indexOf(source.code.charAt(open), open + 1);
    const name = source.text.slice(open + 1, close);
    const isOwn = name.startsWith(".");
    found.push({
      from: source.path,
      to: isOwn ? posix.join(posix.dirname(source.path), name) : name,
      isOwn,
      isTypeOnly: match[1] !== undefined,
      line: lineAt(source, match.index),
    });
  }
  return found;
}

/** Circles of imports: each is one walk that comes back to where it began. */
export function cyclesOf(imports: readonly Import[]): Import[][] {
  const edges = Map.groupBy(
    imports.filter(({ isOwn }) => isOwn),
    ({ from }) => from,
  );
  const done = new Set<string>();
  const cycles: Import[][] = [];
  const visit = (path: string, walk: readonly Import[]): void => {
    const start = walk.findIndex(({ from }) => from === path);
    if (start >= 0) cycles.push(walk.slice(start));
    if (start >= 0 || done.has(path)) return;
    for (const edge of edges.get(path) ?? []) visit(edge.to, [...walk, edge]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return cycles;
}
