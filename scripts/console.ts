// Builds the console into dist/console when it is missing or older than its sources; --force builds it
// anyway. Where the tools are not installed it says so and leaves things as they are.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { extname, join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

const ROOT = join(import.meta.dirname, "..");
const BUILT = join(ROOT, "dist/console");
const PAGE = join(BUILT, "index.html");
/** What the page is made of. */
const SOURCES = [
  "console/src",
  "console/index.html",
  "console/vite.config.ts",
  "console/package.json",
];
const SHARED = ["src/client", "src/core", "src/http/schema"];

/** Whether the console has to be built. */
export function isConsoleStale(): boolean {
  if (!existsSync(PAGE)) return true;
  const builtMs = statSync(PAGE).mtimeMs;
  return [...SOURCES, ...SHARED].some((path) => newestMs(join(ROOT, path)) > builtMs);
}

function newestMs(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  const within = readdirSync(path, { recursive: true, encoding: "utf8" });
  return Math.max(stat.mtimeMs, ...within.map((name) => statSync(join(path, name)).mtimeMs));
}

/** Builds where it is stale. @returns whether a console is there now */
export async function buildConsole(options: { readonly force?: boolean } = {}): Promise<boolean> {
  if (options.force !== true && !isConsoleStale()) return true;
  if (!existsSync(join(ROOT, "node_modules/vite"))) {
    console.error("the console is not built: its tools are missing; `npm ci` brings them");
    return existsSync(PAGE);
  }
  console.error("building the console ...");
  const { build } = await import("vite");
  // Elsewhere and then into its place, so that two that build at a time do not mix their files.
  const outDir = join(ROOT, `node_modules/.console-${process.pid}`);
  const configFile = join(ROOT, "console/vite.config.ts");
  const environment = process.env["NODE_ENV"];
  try {
    // Vite keeps what is set: a test's `test` would put React's development build into the page.
    process.env["NODE_ENV"] = "production";
    await build({ configFile, logLevel: "warn", build: { outDir } });
  } finally {
    if (environment === undefined) delete process.env["NODE_ENV"];
    else process.env["NODE_ENV"] = environment;
  }
  compress(outDir);
  if (options.force !== true && !isConsoleStale()) {
    // Another one was faster, and may be in use already.
    rmSync(outDir, { recursive: true });
    return true;
  }
  putInPlace(outDir);
  return true;
}

/** Two may be at it: whoever comes second leaves what the first has put there, which is the same. */
function putInPlace(outDir: string): void {
  mkdirSync(join(ROOT, "dist"), { recursive: true });
  rmSync(BUILT, { recursive: true, force: true });
  try {
    renameSync(outDir, BUILT);
  } catch (error) {
    const isThere = ["ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "");
    if (!isThere) throw error;
    rmSync(outDir, { recursive: true });
  }
}

/** Once here, and not at every request. */
function compress(dir: string): void {
  for (const name of readdirSync(dir, { recursive: true, encoding: "utf8" })) {
    const path = join(dir, name);
    if (![".js", ".css", ".html", ".svg"].includes(extname(name))) continue;
    const bytes = readFileSync(path);
    writeFileSync(`${path}.br`, brotliCompressSync(bytes));
    writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  }
}

if (import.meta.main) await buildConsole({ force: process.argv.includes("--force") });
