import { fdatasyncSync } from "node:fs";
import type { PGlite } from "@electric-sql/pglite";
import { NodeFS } from "@electric-sql/pglite/nodefs";

type ModuleOptions = Parameters<NodeFS["init"]>[1];

/** The part of Emscripten's NODEFS that is met here. */
interface NodeFileSystem {
  readonly stream_ops: { fsync?: (stream: { readonly nfd?: number }) => number };
}

/** WASI's number for EIO, which is what the C library of the database expects. */
const IO_ERROR = 29;

/**
 * The files of the database, with the fsync that Emscripten's NODEFS leaves out: without it a commit
 * that was acknowledged is lost with the power. A failure is told to the database, which then stops
 * (PANIC), as it does anywhere: after a failed fsync nobody knows what is on the disk.
 */
export class DurableFs extends NodeFS {
  #fsyncs = 0;

  /** How often the database had something put on the disk. */
  get fsyncs(): number {
    return this.#fsyncs;
  }

  override async init(
    pglite: PGlite,
    options: ModuleOptions,
  ): Promise<{ emscriptenOpts: ModuleOptions }> {
    const { emscriptenOpts } = await super.init(pglite, options);
    const addFsync = (module: { readonly NODEFS: unknown }): void => {
      const fileSystem = module.NODEFS as NodeFileSystem;
      fileSystem.stream_ops.fsync = ({ nfd }) => this.#fsync(nfd);
    };
    return {
      emscriptenOpts: { ...emscriptenOpts, preRun: [...(emscriptenOpts.preRun ?? []), addFsync] },
    };
  }

  #fsync(fd: number | undefined): number {
    if (fd === undefined) return IO_ERROR;
    try {
      fdatasyncSync(fd);
      this.#fsyncs++;
      return 0;
    } catch {
      return IO_ERROR;
    }
  }
}
