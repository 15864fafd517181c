import Uppy, { type Body, type Meta, type UppyFile } from "@uppy/core";
import { isExpungeClientError, type RunningUpload, type UploadJson } from "expunge/client";
import { reasonOf } from "../parts/reasons.ts";
import { api } from "./client.ts";
import { queries } from "./queries.ts";

type Item = UppyFile<Meta, Body>;

/** Refusals after which another attempt needs another upload; after any other it goes on with the same. */
const OVER = ["upload-not-found", "upload-not-open", "size-mismatch"] as const;

/** Files that are sent at a time; the parts of each go side by side, too. */
const FILES_AT_ONCE = 3;

const queuesById = new Map<string, Queue>();

/** The uploads into one project. They go on when another screen is shown. */
export interface Queue {
  readonly uppy: Uppy;
  add(files: readonly File[]): void;
}

export function queueOf(projectId: string): Queue {
  const known = queuesById.get(projectId);
  if (known) return known;
  const queue = makeQueue(projectId);
  queuesById.set(projectId, queue);
  return queue;
}

function makeQueue(projectId: string): Queue {
  const uppy = new Uppy({
    id: projectId,
    autoProceed: true,
    logger: { debug() {}, warn() {}, error() {} },
  });
  uppy.setState({ capabilities: { ...uppy.getState().capabilities, resumableUploads: true } });
  const sender = new Sender(uppy, projectId);
  uppy.addUploader(async (ids) => await sender.sendAll(ids));
  uppy.on("upload-pause", (file, isPaused) => sender.pause(file, isPaused));
  uppy.on("file-removed", (file) => sender.discard(file));
  globalThis.addEventListener("beforeunload", (event) => {
    if (sender.isBusy) event.preventDefault();
  });
  return { uppy, add: (files) => addTo(uppy, files) };
}

function addTo(uppy: Uppy, files: readonly File[]): void {
  for (const file of files) {
    const relativePath = file.webkitRelativePath === "" ? file.name : file.webkitRelativePath;
    const known = uppy.getFiles().find(({ meta }) => meta["relativePath"] === relativePath);
    // The same path once more is a new version of the file.
    if (known?.progress.uploadComplete === true || known?.error) uppy.removeFile(known.id);
  }
  uppy.addFiles(
    files.map((file) => ({
      source: "console",
      name: file.name,
      type: file.type,
      data: file,
      meta: {
        relativePath: file.webkitRelativePath === "" ? file.name : file.webkitRelativePath,
      },
    })),
  );
}

/** Sends what Uppy has, by the client: in parts, straight to where the store takes them. */
class Sender {
  readonly #uppy: Uppy;
  readonly #projectId: string;
  readonly #running = new Map<string, RunningUpload>();
  /** Opened and not ended, so that another attempt sends only what is missing. */
  readonly #opened = new Map<string, UploadJson>();

  constructor(uppy: Uppy, projectId: string) {
    this.#uppy = uppy;
    this.#projectId = projectId;
  }

  get isBusy(): boolean {
    return this.#running.size > 0;
  }

  async sendAll(ids: readonly string[]): Promise<void> {
    const waiting = [...ids];
    const work = async (): Promise<void> => {
      for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) await this.#send(id);
    };
    await Promise.all(Array.from({ length: Math.min(FILES_AT_ONCE, ids.length) }, work));
    await queries.invalidateQueries({ queryKey: ["files", this.#projectId] });
    await queries.invalidateQueries({ queryKey: ["project", this.#projectId] });
  }

  pause(file: Item | undefined, isPaused: boolean): void {
    const running = file && this.#running.get(file.id);
    if (isPaused) running?.pause();
    else running?.resume();
  }

  discard({ id }: Item): void {
    const running = this.#running.get(id);
    const opened = this.#opened.get(id);
    this.#opened.delete(id);
    const ended = running
      ? running.abort()
      : opened && api.uploads.abort(this.#projectId, opened.uploadId);
    // A file that was made meanwhile stays, and is in the list; an upload that is not ended expires.
    ended?.catch(() => undefined);
  }

  async #send(id: string): Promise<void> {
    const file = this.#uppy.getState().files[id];
    const data = file?.data;
    // Removed while it waited.
    if (!file || !(data instanceof Blob)) return;
    this.#uppy.emit("upload-start", [file]);
    try {
      await this.#sendBytes(file, data);
      const sent = this.#uppy.getState().files[id];
      if (sent) this.#uppy.emit("upload-success", sent, { status: 201, body: {} });
      this.#opened.delete(id);
    } catch (error) {
      const left = this.#uppy.getState().files[id];
      if (OVER.some((code) => isExpungeClientError(error, code))) this.#opened.delete(id);
      const { message, remedy } = reasonOf(error);
      // Uppy shows whatever else an error has as well.
      if (left) this.#uppy.emit("upload-error", left, new Error(`${message} ${remedy}`));
    } finally {
      this.#running.delete(id);
    }
  }

  async #sendBytes(file: Item, data: Blob): Promise<void> {
    const path = file.meta["relativePath"] ?? file.name;
    if (data.size === 0) {
      await api.files.put(this.#projectId, path, "", { contentType: file.type });
      return;
    }
    const startedMs = Date.now();
    const upload = api.uploads.start(this.#projectId, path, data, {
      ...(file.type ? { contentType: file.type } : {}),
      resume: this.#opened.get(file.id),
      onOpen: (opened) => this.#opened.set(file.id, opened),
      onProgress: ({ sentBytes, sizeBytes }) => {
        const now = this.#uppy.getState().files[file.id];
        if (!now) return;
        const progress = {
          uploadStarted: startedMs,
          bytesUploaded: sentBytes,
          bytesTotal: sizeBytes,
        };
        this.#uppy.emit("upload-progress", now, progress);
      },
    });
    this.#running.set(file.id, upload);
    // It may have been paused while it waited for its turn.
    if (this.#uppy.getState().files[file.id]?.isPaused) upload.pause();
    await upload.done;
  }
}

/** All files of a drop, those of folders with their paths. */
export async function filesOf(transfer: DataTransfer): Promise<readonly File[]> {
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const all = await Promise.all(entries.map((entry) => filesBelow(entry)));
  return all.flat();
}

async function filesBelow(entry: FileSystemEntry): Promise<readonly File[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    Object.defineProperty(file, "webkitRelativePath", { value: entry.fullPath.replace(/^\//, "") });
    return [file];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const all: File[] = [];
  for (;;) {
    // A browser gives a folder a hundred at a time, and an empty list at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return all;
    for (const each of some) all.push(...(await filesBelow(each)));
  }
}
