import { type FileHandle, open, readFile, rename, rm } from "node:fs/promises";
import { z } from "zod";
import { ExpungeError } from "../core/errors.ts";
import type { Instant } from "../core/model.ts";
import {
  NOTHING_YET,
  type SweepLine,
  type SweepRecord,
  type SweepStand,
} from "../services/sweep-stand.ts";

/** What one sweep is of: a resume file of another one is refused. */
export interface SweepScope {
  readonly root: string;
  readonly endpoint: string | null;
  readonly prefix: string;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly olderThanMs: number | null;
  readonly only: "uploads" | "old-versions" | null;
  readonly includeExpunge: boolean;
}

const unitSchema = z.object({
  id: z.string(),
  key: z.string(),
  sizeBytes: z.number(),
  at: z.number(),
  uploadId: z.string().exactOptional(),
  versionId: z.string().exactOptional(),
  isLatest: z.boolean().exactOptional(),
});
const resumeSchema = z.object({
  expungeSweep: z.literal(1),
  scope: z.record(z.string(), z.unknown()),
  startedAt: z.number(),
  stand: z.object({
    removed: z.number(),
    bytes: z.number(),
    behind: z.string().nullable(),
    inHand: z.array(unitSchema),
  }),
});

export interface SweepFilesOptions {
  readonly resume: string | undefined;
  readonly report: string | undefined;
  readonly scope: SweepScope;
  readonly now: Instant;
}

/**
 * The files beside a sweep, both for their owner alone: one to go on from after a crash, and one with a
 * line per key.
 */
export class SweepFiles {
  readonly record: SweepRecord;
  /** When the sweep began, in whichever process: ages are judged by it. */
  readonly startedAt: Instant;
  readonly isResumed: boolean;
  readonly #options: SweepFilesOptions;
  readonly #report: FileHandle | null;
  #written: Promise<void> = Promise.resolve();

  private constructor(
    options: SweepFilesOptions,
    begun: { readonly startedAt: Instant; readonly stand: SweepStand } | null,
    report: FileHandle | null,
  ) {
    this.#options = options;
    this.#report = report;
    this.startedAt = begun?.startedAt ?? options.now;
    this.isResumed = begun !== null;
    this.record = {
      from: begun?.stand ?? NOTHING_YET,
      save: async (stand) => await this.#save(stand),
      report: async (lines) => await this.#lines(lines),
    };
  }

  /**
   * @throws ExpungeError `invalid-request` where the resume file is of another sweep, or a report is
   * there already that this sweep has not begun
   */
  static async open(options: SweepFilesOptions): Promise<SweepFiles> {
    const { resume, report, scope } = options;
    const begun = resume === undefined ? null : await readResume(resume, scope);
    const handle = report === undefined ? null : await openReport(report, begun !== null);
    const files = new SweepFiles(options, begun, handle);
    if (begun === null) await files.record.save(NOTHING_YET);
    return files;
  }

  /** The last line of the report, without which it is of a sweep that has not ended. */
  async end(summary: object, isVerified: boolean): Promise<void> {
    await this.#append([{ ...summary, end: true }]);
    if (isVerified && this.#options.resume !== undefined) await rm(this.#options.resume);
  }

  async close(): Promise<void> {
    await this.#report?.close();
  }

  async #lines(lines: readonly SweepLine[]): Promise<void> {
    await this.#append(
      lines.map(({ at, ...line }) => ({ ...line, at: new Date(at).toISOString() })),
    );
  }

  async #append(lines: readonly object[]): Promise<void> {
    const report = this.#report;
    if (report === null || lines.length === 0) return;
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    // Pages end beside each other; their lines do not mix.
    this.#written = this.#written.then(async () => {
      await report.appendFile(text);
      await report.datasync();
    });
    await this.#written;
  }

  async #save(stand: SweepStand): Promise<void> {
    const { resume, scope } = this.#options;
    if (resume === undefined) return;
    const document = { expungeSweep: 1, scope, startedAt: this.startedAt, stand };
    const next = `${resume}.next`;
    const handle = await open(next, "w", 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(document)}\n`);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(next, resume);
  }
}

async function readResume(
  path: string,
  scope: SweepScope,
): Promise<{ readonly startedAt: Instant; readonly stand: SweepStand } | null> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
  const { success, data } = resumeSchema.safeParse(parsed(text));
  if (!success) throw unfit(path, "is no resume file of a sweep");
  const differs = Object.entries(scope).filter(
    ([name, value]) => JSON.stringify(data.scope[name]) !== JSON.stringify(value),
  );
  if (differs.length > 0) {
    throw unfit(path, `is of another sweep: ${differs.map(([name]) => name).join(", ")} differ`);
  }
  return data;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function unfit(path: string, why: string): ExpungeError {
  return new ExpungeError("invalid-request", `${path} ${why}.`, {
    remedy: "Repeat the command line that it was made with, or name another file.",
  });
}

async function openReport(path: string, isResumed: boolean): Promise<FileHandle> {
  try {
    return await open(path, isResumed ? "a" : "ax", 0o600);
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    if (error.code !== "EEXIST") {
      throw new ExpungeError("invalid-request", `The report cannot be written: ${error.message}`);
    }
    throw new ExpungeError("invalid-request", `${path} is there already.`, {
      remedy: "Name a new file for the report; only a sweep that goes on by --resume adds to one.",
    });
  }
}
