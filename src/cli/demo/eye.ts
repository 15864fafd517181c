import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * How the demo looks into the store, and plants what lies there past expunge: by other code than the
 * store's adapter, so that a defect of its listing cannot hide what is left.
 */
export interface Eye {
  /** How people look there themselves. */
  readonly by: string;
  /** Every object's path below the store. */
  files(): Promise<readonly string[]>;
  /** Null for what is not there, and for a link that leads nowhere. */
  read(path: string): Promise<Uint8Array | null>;
  put(path: string, bytes: Uint8Array): Promise<void>;
  remove(path: string): Promise<void>;
  /** What tells the open uploads apart. */
  openUploads(): Promise<readonly string[]>;
}

/** Looks into a directory with nothing but the file system. */
export function directoryEye(dir: string): Eye {
  return {
    by: "the file system",
    files: async () => {
      const entries = await readdir(dir, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => !entry.isDirectory())
        .map((entry) =>
          join(entry.parentPath, entry.name)
            .slice(dir.length + 1)
            .replaceAll("\\", "/"),
        );
    },
    read: (path) => orNull(async () => new Uint8Array(await readFile(join(dir, path)))),
    put: async (path, bytes) => {
      await mkdir(dirname(join(dir, path)), { recursive: true });
      await writeFile(join(dir, path), bytes);
    },
    remove: (path) => rm(join(dir, path)),
    openUploads: async () => (await orNull(() => readdir(join(dir, ".expunge", "uploads")))) ?? [],
  };
}

async function orNull<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch {
    return null;
  }
}
