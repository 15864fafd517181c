import { CreateMultipartUploadCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import type { Rng } from "../simulation/random.ts";
import { Client, contentOf, sha256Of, textOf } from "./client.ts";
import type { History } from "./history.ts";
import { CRASH_LIMITS } from "./limits.ts";
import { canonicalPlace, oldPlace, zipPlace } from "./places.ts";
import type { Rig, Slot } from "./rig.ts";

const FILES = 3;
const STRAYS = 2;
const ROUNDS_MAX = 8;
const { shortGraceMs, longGraceMs } = CRASH_LIMITS;

/**
 * The clients of one run and their projects: `p1` and `p2` are deleted at once, `p3` after a short
 * grace, `p4` and `p5` with a long one, of which `p4` is undone; `p10`, whose id begins as that of `p1`,
 * lives and is worked on meanwhile.
 */
export class Workload {
  readonly #rig: Rig;
  readonly #history: History;
  readonly #run: string;
  readonly #rng: Rng;
  readonly #client: Client;
  #openUpload = "";
  #isStruck = false;

  constructor(rig: Rig, history: History, run: string, rng: Rng) {
    this.#rig = rig;
    this.#history = history;
    this.#run = run;
    this.#rng = rng;
    this.#client = new Client(rig, history, run);
  }

  /** Makes the projects with what is to be found in them. */
  async prepare(): Promise<void> {
    const [one, two, three] = [this.#id("p1"), this.#id("p2"), this.#id("p3")];
    await Promise.all([
      this.#fill(one).then(() => this.#beginUpload(one)),
      this.#fill(two).then(async () => {
        this.#openUpload = await this.#beginUpload(two);
      }),
      this.#fill(three).then(async () => {
        await this.#put(three, "file-0", "again");
        await this.#client.insist({ op: "delete-file", project: three, path: "file-1" });
      }),
      ...["p4", "p5", "p10"].map((name) => this.#fill(this.#id(name))),
    ]);
  }

  /** Two more projects, whose deletions are asked of a process that does not answer. */
  async prepareForStop(): Promise<void> {
    await Promise.all(["p6", "p7"].map((name) => this.#fill(this.#id(name))));
  }

  /** Requests the deletions and works on beside them. Resolves when every answer is in. */
  async act(): Promise<void> {
    await Promise.all([
      this.#deletions(),
      this.#undone(),
      this.#racing(),
      this.#living("a"),
      this.#living("b"),
    ]);
  }

  /** The living may come to their end. */
  struck(): void {
    this.#isStruck = true;
  }

  /** What clients ask of a stopped process; it carries it out when it wakes, wanted or not. */
  async askStopped(slot: Slot): Promise<void> {
    const [six, seven, ten] = [this.#id("p6"), this.#id("p7"), this.#id("p10")];
    const impatient = { slot, patienceMs: CRASH_LIMITS.impatientMs };
    const deletion = { op: "delete-project", graceMs: 0, waits: false } as const;
    await Promise.all([
      this.#put(ten, "asleep-1", "late", { slot }),
      this.#put(ten, "asleep-2", "late", impatient),
      this.#put(this.#id("p1"), "asleep", "late", { slot }),
      this.#client.ask({ ...deletion, project: six }, impatient),
      this.#client.ask({ ...deletion, project: seven }, { slot }),
    ]);
  }

  #id(name: string): string {
    return `${this.#run}${name}`;
  }

  async #deletions(): Promise<void> {
    const deletion = { op: "delete-project", graceMs: 0, waits: false } as const;
    const three = this.#client.insist({
      ...deletion,
      project: this.#id("p3"),
      graceMs: shortGraceMs,
    });
    const two = this.#client.insist({ ...deletion, project: this.#id("p2") });
    const one = this.#client.insist({ ...deletion, project: this.#id("p1"), waits: true });
    await Promise.all([one, two, three]);
  }

  async #undone(): Promise<void> {
    const project = this.#id("p4");
    const deletion = { op: "delete-project", graceMs: longGraceMs, waits: false } as const;
    await this.#client.insist({ ...deletion, project: this.#id("p5") });
    await this.#client.insist({ ...deletion, project });
    await this.#client.ask({ op: "read", project, path: "file-0" });
    await this.#client.insist({ op: "restore-project", project });
    await this.#client.ask({ op: "read", project, path: "file-0" });
  }

  /** Writes to a project that is being deleted. */
  async #racing(): Promise<void> {
    const project = this.#id("p2");
    const sha256 = contentOf(project, "direct", "1");
    const upload = this.#openUpload;
    await Promise.all([
      this.#put(project, "race-1", "1"),
      this.#put(project, "race-2", "1"),
      this.#client.ask({ op: "complete-upload", project, path: "direct", sha256, upload }),
    ]);
    await this.#put(project, "race-3", "1");
  }

  /** One request after the other, each file its own client's. */
  async #living(who: string): Promise<void> {
    const project = this.#id("p10");
    const client = this.#client;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      if (this.#isStruck && round > 0) return;
      const path = `${who}-${round}`;
      await this.#put(project, path, "1");
      await this.#put(project, path, "2");
      await client.ask({ op: "read", project, path });
      await this.#put(project, `${path}-empty`, "1", {}, true);
      if (this.#rng.chance(0.5)) await client.ask({ op: "delete-file", project, path });
      const upload = await this.#beginUpload(project, `${path}-direct`);
      if (upload === "") continue;
      const sha256 = contentOf(project, `${path}-direct`, "1");
      const completion = { project, path: `${path}-direct`, sha256, upload } as const;
      await client.ask({ op: "complete-upload", ...completion });
      await client.ask({ op: "read", project, path });
    }
  }

  async #fill(project: string): Promise<void> {
    const uid = await this.#make(project);
    const name = { id: project, uid };
    const strays = Array.from({ length: STRAYS }, (_, i) => `${canonicalPlace(name)}stray-${i}`);
    await Promise.all([
      ...Array.from({ length: FILES }, (_, i) => this.#mustPut(project, `file-${i}`)),
      this.#mustPut(project, "empty", true),
      ...[...strays, `${oldPlace(name)}one/two`, zipPlace(name)].map((key) =>
        this.#plant(project, key),
      ),
      // Its id begins as that of the project, and nobody's is that.
      this.#plant(null, `old/${project}x/beside`),
      this.#plantUpload(project, `${canonicalPlace(name)}unfinished`),
    ]);
  }

  /** Makes a project and answers its uid, also where the answer that told it was lost. */
  async #make(project: string): Promise<string> {
    const { id } = await this.#client.insist({ op: "create-project", project });
    if (id !== undefined) return id;
    for (let attempt = 1; attempt <= CRASH_LIMITS.attemptsMax; attempt++) {
      const found = await this.#client.fetchJson(`/v1/projects/${project}`);
      if (typeof found?.["uid"] === "string") return found["uid"];
    }
    throw new Error(`project ${project} can be neither made nor found`);
  }

  async #mustPut(project: string, path: string, isEmpty = false): Promise<void> {
    const sha256 = contentOf(project, path, "1", isEmpty);
    await this.#client.insist({ op: "put", project, path, sha256 });
  }

  async #put(
    project: string,
    path: string,
    version: string,
    options: Parameters<Client["ask"]>[1] = {},
    isEmpty = false,
  ): Promise<void> {
    const sha256 = contentOf(project, path, version, isEmpty);
    await this.#client.ask({ op: "put", project, path, sha256 }, options);
  }

  /** A direct upload whose only part has arrived; empty where a crash kept it from that. */
  async #beginUpload(project: string, path = "direct"): Promise<string> {
    const text = textOf(contentOf(project, path, "1"));
    const sizeBytes = Buffer.byteLength(text);
    const { id = "" } = await this.#client.ask({ op: "open-upload", project, path, sizeBytes });
    if (id === "") return "";
    const part = await this.#client.fetchJson(`/v1/projects/${project}/uploads/${id}/parts/1`);
    if (part === null) return "";
    const headers = part["headers"] as Record<string, string>;
    const sent = await fetch(String(part["url"]), { method: "PUT", headers, body: text });
    await sent.arrayBuffer();
    return sent.ok ? id : "";
  }

  async #plant(project: string | null, key: string): Promise<void> {
    const Body = `planted at ${key}`;
    const { bucket } = this.#rig;
    await bucket.client.send(new PutObjectCommand({ Bucket: bucket.name, Key: key, Body }));
    const sha256 = sha256Of(Buffer.from(Body));
    await this.#history.planted(this.#run, { planted: "object", project, key, sha256 });
  }

  async #plantUpload(project: string, key: string): Promise<void> {
    const { bucket } = this.#rig;
    await bucket.client.send(new CreateMultipartUploadCommand({ Bucket: bucket.name, Key: key }));
    await this.#history.planted(this.#run, { planted: "upload", project, key, sha256: "" });
  }
}
