import { readdirSync, readFileSync } from "node:fs";

const EVERY_MS = 50;
const KiB = 1024;

/**
 * Watches the memory of the processes below one, itself left out. A process's own high-water mark is
 * exact up to the last look; a peak of several together is what was seen of it.
 */
export class PeakOfTree {
  readonly #rootPid: number;
  readonly #timer: NodeJS.Timeout;
  #bytes = 0;

  constructor(rootPid: number) {
    this.#rootPid = rootPid;
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
  }

  get bytes(): number {
    return this.#bytes;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    let together = 0;
    for (const pid of descendantsOf(this.#rootPid)) {
      const status = read(`/proc/${pid}/status`);
      together += valueOf(status, "VmRSS");
      this.#bytes = Math.max(this.#bytes, valueOf(status, "VmHWM"));
    }
    this.#bytes = Math.max(this.#bytes, together);
  }
}

/** The processes below one that live now. */
export function descendantsOf(rootPid: number): readonly string[] {
  const found = [String(rootPid)];
  // It grows while it is walked; a process has one parent, so none comes twice.
  for (const pid of found) found.push(...childrenOf(pid));
  return found.slice(1);
}

/** Each thread has the children that it made itself. */
function childrenOf(pid: string): readonly string[] {
  return list(`/proc/${pid}/task`).flatMap((task) =>
    read(`/proc/${pid}/task/${task}/children`).split(" ").filter(Boolean),
  );
}

/** Bytes; nothing once a process has ended. */
function valueOf(status: string, name: string): number {
  const [, kibibytes = "0"] = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status) ?? [];
  return Number(kibibytes) * KiB;
}

/** Processes end while they are looked at. */
function list(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
