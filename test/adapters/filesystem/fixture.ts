import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import * as nodeFs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import type { FileSystem } from "../../../src/adapters/filesystem/disk.ts";
import { FilesystemObjectStore } from "../../../src/adapters/filesystem/object-store.ts";
import { SystemClock } from "../../../src/adapters/system-clock.ts";
import { SystemRandom } from "../../../src/adapters/system-random.ts";

export interface Place {
  /** The store's directory. */
  readonly root: string;
  /** A directory beside it that no call may touch, with the file `secret`. */
  readonly outside: string;
}

const OWN_DIRECTORIES = new Set([".expunge/", ".expunge/tmp/", ".expunge/uploads/"]);

const random = new SystemRandom();
const clock = new SystemClock();

/** Gives every test of the file a directory of its own. */
export function usePlace(): Place {
  let base = "";
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), "expunge-filesystem-"));
    await mkdir(join(base, "store"));
    await mkdir(join(base, "outside"));
    await writeFile(join(base, "outside", "secret"), "secret");
  });
  afterEach(() => rm(base, { recursive: true, force: true }));
  return {
    get root() {
      return join(base, "store");
    },
    get outside() {
      return join(base, "outside");
    },
  };
}

export async function openStore(root: string, fs?: FileSystem): Promise<FilesystemObjectStore> {
  return await FilesystemObjectStore.open(root, { random, clock, ...(fs ? { fs } : {}) });
}

/**
 * Paths below a directory, a character per byte, with a '/' behind those of directories; all but
 * the three that expunge makes at once.
 */
export async function filesBelow(directory: string | Buffer): Promise<string[]> {
  const found: string[] = [];
  const root = Buffer.from(directory);
  for (const entry of await readdir(root, { withFileTypes: true, encoding: "buffer" })) {
    const name = entry.name.toString("latin1");
    found.push(entry.isDirectory() ? `${name}/` : name);
    if (!entry.isDirectory()) continue;
    const below = await filesBelow(Buffer.concat([root, Buffer.from("/"), entry.name]));
    found.push(...below.map((path) => `${name}/${path}`));
  }
  return found.filter((path) => !OWN_DIRECTORIES.has(path)).sort();
}

/** One call to the file system, before it is made; paths as text. A handle's is `handle.sync` and so on. */
export interface Call {
  readonly name: string;
  readonly path: string;
  readonly to: string;
}

type Method = (...args: readonly unknown[]) => Promise<unknown>;

/**
 * The real file system, with every call announced. What `before` throws is what the call does.
 * @param open is kept to what is open
 */
export function watched(
  before: (call: Call) => Promise<void> | void,
  open: Set<object> = new Set(),
): FileSystem {
  const real = nodeFs as unknown as Readonly<Record<string, Method>>;
  const wrap = (name: string): Method => {
    return async (...args) => {
      const path = textOf(args[0]);
      await before({ name, path, to: name === "rename" ? textOf(args[1]) : "" });
      const result = await real[name]?.(...args);
      if (name !== "open") return result;
      return watchedHandle(result as nodeFs.FileHandle, path, before, open);
    };
  };
  const names = [
    "lstat",
    "mkdir",
    "open",
    "readdir",
    "readFile",
    "rename",
    "rm",
    "rmdir",
    "unlink",
  ];
  return Object.fromEntries(names.map((name) => [name, wrap(name)])) as unknown as FileSystem;
}

function watchedHandle(
  handle: nodeFs.FileHandle,
  path: string,
  before: (call: Call) => Promise<void> | void,
  open: Set<object>,
): nodeFs.FileHandle {
  open.add(handle);
  return new Proxy(handle, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== "function") return value;
      const method = value.bind(target) as Method;
      // Else a process that dies would keep files open.
      if (property === "close") {
        open.delete(target);
        return method;
      }
      return async (...args: readonly unknown[]) => {
        await before({ name: `handle.${String(property)}`, path, to: "" });
        return await method(...args);
      };
    },
  });
}

function textOf(path: unknown): string {
  return Buffer.isBuffer(path) ? path.toString() : String(path);
}

/** What the system would throw, path and all. */
export function systemError(code: string, { name, path }: Call): Error {
  const message = `${code}: no, ${name} '${path}'`;
  return Object.assign(new Error(message), { code, syscall: name, path });
}
