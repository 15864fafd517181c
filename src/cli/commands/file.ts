import { createReadStream, createWriteStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { pipeline } from "node:stream/promises";
import type { Command } from "commander";
import { ExpungeError, messageOf } from "../../core/errors.ts";
import { collected } from "../collected.ts";
import { connect, type ServiceFlags, withService } from "../connect.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { count, formatBytes, isBrokenPipe, printable, table, write } from "../output.ts";
import type { Shell } from "../shell.ts";

interface PutFlags extends ServiceFlags {
  readonly as?: string;
  readonly type?: string;
}

const PROJECT = ["<project>", "the project's id"] as const;

export function addFile(program: Command, shell: Shell): void {
  const file = program.command("file").description("put, get, list, move and delete files");
  withService(
    file
      .command("put")
      .description("store a file")
      .argument(...PROJECT)
      .argument("<source>", "a file of this machine, or - for standard input")
      .option("--as <path>", "its path in the project (default: the source's name)")
      .option("--type <media-type>", "its content type"),
  ).action(
    shell.action((project: string, source: string, flags: PutFlags) =>
      put(shell, project, source, flags),
    ),
  );
  withService(
    file
      .command("get")
      .description("read a file")
      .argument(...PROJECT)
      .argument("<path>", "its path in the project")
      .option("-o, --output <file>", "where to write it (default: standard output)"),
  ).action(
    shell.action((project: string, path: string, flags: ServiceFlags & { output?: string }) =>
      get(shell, project, path, flags),
    ),
  );
  withService(
    file
      .command("list")
      .description("list a project's files")
      .argument(...PROJECT)
      .option("--prefix <text>", "only those whose path begins so"),
  ).action(
    shell.action((project: string, flags: ServiceFlags & { prefix?: string }) =>
      list(shell, project, flags),
    ),
  );
  addChanges(file, shell);
}

function addChanges(file: Command, shell: Shell): void {
  withService(
    file
      .command("move")
      .description("give a file another path; no byte moves")
      .argument(...PROJECT)
      .argument("<from>", "its path")
      .argument("<to>", "the new one"),
  ).action(
    shell.action((project: string, from: string, to: string, flags: ServiceFlags) =>
      move(shell, project, { from, to }, flags),
    ),
  );
  withService(
    file
      .command("delete")
      .description("delete a file; ends when its object is verified gone")
      .argument(...PROJECT)
      .argument("<path>", "its path"),
  ).action(
    shell.action((project: string, path: string, flags: ServiceFlags) =>
      remove(shell, project, path, flags),
    ),
  );
}

async function put(
  shell: Shell,
  project: string,
  source: string,
  flags: PutFlags,
): Promise<ExitCode> {
  const isInput = source === "-";
  if (isInput && flags.as === undefined) {
    throw new ExpungeError("invalid-request", "Standard input has no name: add --as PATH.");
  }
  const path = flags.as ?? basename(source);
  const client = await connect(shell.io, flags);
  const { stream, sizeBytes } = isInput
    ? { stream: shell.io.stdin, sizeBytes: undefined }
    : await openSource(resolve(shell.io.cwd, source));
  try {
    const stored = await client.files.put(project, path, toWeb(stream), {
      sizeBytes,
      contentType: flags.type,
    });
    await shell.out.result(stored, () => [
      `stored: ${printable(stored.path)}, ${formatBytes(stored.sizeBytes)}`,
    ]);
    return EXIT.done;
  } finally {
    stream.destroy();
  }
}

async function openSource(path: string): Promise<{ stream: Readable; sizeBytes: number }> {
  try {
    const facts = await stat(path);
    if (!facts.isFile()) throw new Error("it is no file");
    return {
      stream: createReadStream(path),
      // Announced, so that a file beyond the quota is refused before it is sent.
      sizeBytes: facts.size,
    };
  } catch (cause) {
    const message = `${path} cannot be read: ${messageOf(cause)}.`;
    throw new ExpungeError("invalid-request", message, { cause });
  }
}

function toWeb(stream: Readable): ReadableStream<Uint8Array> {
  return Readable.toWeb(stream) as ReadableStream<Uint8Array>;
}

async function get(
  shell: Shell,
  project: string,
  path: string,
  flags: ServiceFlags & { readonly output?: string },
): Promise<ExitCode> {
  const { io, out } = shell;
  const target = flags.output;
  const isStdout = target === undefined || target === "-";
  if (out.isJson && isStdout) {
    throw new ExpungeError(
      "invalid-request",
      "With --json standard output holds the one document: add --output FILE for the bytes.",
    );
  }
  const client = await connect(io, flags);
  const { body } = await client.files.get(project, path);
  let sizeBytes = 0;
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
      sizeBytes += chunk.length;
      yield chunk;
    }
  };
  if (isStdout) {
    await toStdout(shell, chunks());
    return EXIT.done;
  }
  const absolute = resolve(io.cwd, target);
  await openForWriting(absolute, target);
  await pipeline(chunks, createWriteStream(absolute));
  await out.result({ path, output: absolute, sizeBytes }, () => [
    `written: ${absolute}, ${formatBytes(sizeBytes)}`,
  ]);
  return EXIT.done;
}

/** Standard output is not closed, and a reader that has enough is no failure. */
async function toStdout(shell: Shell, chunks: AsyncGenerator<Uint8Array>): Promise<void> {
  const { stdout } = shell.io;
  try {
    for await (const chunk of chunks) {
      await write(stdout, chunk);
      if (stdout.destroyed) return;
    }
  } catch (error) {
    if (!isBrokenPipe(error)) throw error;
  }
}

async function list(
  shell: Shell,
  project: string,
  flags: ServiceFlags & { readonly prefix?: string },
): Promise<ExitCode> {
  const client = await connect(shell.io, flags);
  const items = await collected(client.files.all(project, { prefix: flags.prefix }));
  await shell.out.result({ items }, () => [
    ...table(
      ["path", "type", "updated", "bytes"],
      items.map((one) => [one.path, one.contentType, one.updatedAt, one.sizeBytes]),
    ),
    "",
    count(items.length, "file"),
  ]);
  return EXIT.done;
}

async function move(
  shell: Shell,
  project: string,
  paths: { readonly from: string; readonly to: string },
  flags: ServiceFlags,
): Promise<ExitCode> {
  const client = await connect(shell.io, flags);
  const moved = await client.files.move(project, paths.from, paths.to);
  await shell.out.result(moved, () => [`moved: ${printable(moved.path)}`]);
  return EXIT.done;
}

async function remove(
  shell: Shell,
  project: string,
  path: string,
  flags: ServiceFlags,
): Promise<ExitCode> {
  const client = await connect(shell.io, flags);
  const removal = await client.files.delete(project, path);
  const isGone = removal.outcome === "deleted";
  await shell.out.result(removal, () => [
    isGone
      ? `deleted and verified: ${printable(path)}`
      : `accepted: ${printable(path)} is gone from the project, its object is still being removed`,
  ]);
  return isGone ? EXIT.done : EXIT.accepted;
}

/** @throws ExpungeError `invalid-request` where the file cannot be written; nothing of the answer is read then */
async function openForWriting(path: string, shown: string): Promise<void> {
  try {
    await (await open(path, "a")).close();
  } catch (cause) {
    const message = `${shown} cannot be written: ${messageOf(cause)}`;
    throw new ExpungeError("invalid-request", message, { cause });
  }
}
