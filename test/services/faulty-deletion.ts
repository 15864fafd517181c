import {
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { expect } from "vitest";
import { limitedStore } from "../../src/adapters/limited-store.ts";
import { S3ObjectStore, type S3StoreOptions } from "../../src/adapters/s3/object-store.ts";
import { SystemClock } from "../../src/adapters/system-clock.ts";
import { canonicalPrefix } from "../../src/core/keys.ts";
import type { Deletion, Residue } from "../../src/core/model.ts";
import type { ReceiptPayload } from "../../src/core/receipt.ts";
import type { FaultySubject } from "../contract/faults/meeting.ts";
import { shapeOf } from "../contract/faults/shape.ts";
import { ADMIN, makeService, putText, type TestService } from "../support/context.ts";
import { plainClient } from "../support/s3-bucket.ts";

const FILES = 4;
const STRAYS = 3;
const LEGACY = 2;
const WAIT_MS = 60_000;
const PAUSE_MAX_MS = 20;
const LAYOUTS = [{ name: "old", template: "old/{project}/**" }];

let worlds = 0;

/**
 * A project with something on every surface, and a sibling that must stay, on a store that goes wrong;
 * what lies there is seen by another client, past the faults.
 */
export class FaultyDeletion implements AsyncDisposable {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #store: S3ObjectStore;
  readonly #service: TestService;
  readonly #isVersioned: boolean;
  #uid = "";
  #sibling = "";

  private constructor(
    subject: FaultySubject,
    isVersioned: boolean,
    prefix: string,
    store: S3ObjectStore,
    service: TestService,
  ) {
    this.#client = plainClient(subject.direct);
    this.#bucket = isVersioned ? subject.buckets.versioned : subject.buckets.plain;
    this.#isVersioned = isVersioned;
    this.#prefix = prefix;
    this.#store = store;
    this.#service = service;
  }

  static async start(
    subject: FaultySubject,
    options: { readonly isVersioned: boolean; readonly hangs: boolean },
  ): Promise<FaultyDeletion> {
    const prefix = `world-${++worlds}/`;
    const { endpoint, region, accessKeyId, secretAccessKey } = subject.faulty;
    const { buckets, hangMs } = subject;
    const timeouts = { callMs: hangMs, longCallMs: hangMs, idleMs: hangMs };
    const place: S3StoreOptions = {
      bucket: options.isVersioned ? buckets.versioned : buckets.plain,
      prefix,
      endpoint,
      region,
      accessKeyId,
      secretAccessKey,
      clock: new SystemClock(),
      ...(options.hangs ? { timeouts } : {}),
    };
    const store = new S3ObjectStore(place);
    const service = await makeService({
      wrap: () => limitedStore(store),
      layouts: LAYOUTS,
      pauseMaxMs: PAUSE_MAX_MS,
    });
    const world = new FaultyDeletion(subject, options.isVersioned, prefix, store, service);
    await world.#fill();
    return world;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#service.stop();
    this.#store.close();
    this.#client.destroy();
  }

  /** Everything that the deletion must remove: files, strays, legacy, uploads, versions. */
  get removable(): number {
    const versions = this.#isVersioned ? 2 : 0;
    return FILES + STRAYS + 1 + LEGACY + 2 + versions;
  }

  async request(): Promise<Deletion> {
    const { deletions } = this.#service.services;
    return await deletions.wait(await deletions.request(ADMIN, "p1", {}), WAIT_MS);
  }

  async retry(id: string): Promise<Deletion> {
    const { deletions } = this.#service.services;
    return await deletions.wait(await deletions.retry(ADMIN, id), WAIT_MS);
  }

  async receipt(): Promise<ReceiptPayload | null> {
    const found = await this.#service.metadata.findReceipt(this.#uid);
    if (found === null) return null;
    return (await this.#service.services.receipts.get(ADMIN, this.#uid)).payload;
  }

  async residue(id: string): Promise<readonly Residue[]> {
    const all: Residue[] = [];
    for await (const one of this.#service.services.deletions.allResidue(ADMIN, id)) all.push(one);
    return all;
  }

  /** Whether a residue's key is one of the project, or stands for a surface of it (I4). */
  isOwn(key: string): boolean {
    return key === "" || key.startsWith(canonicalPrefix(this.#uid)) || key.startsWith("old/p1/");
  }

  /** What is left of the project, on all surfaces. */
  async left(): Promise<string> {
    const prefixes = [canonicalPrefix(this.#uid), "old/p1/"];
    const shapes = prefixes.map((prefix) => this.#shape(prefix));
    return (await Promise.all(shapes)).filter((shape) => shape !== "").join(" + ");
  }

  async sibling(): Promise<string> {
    const shapes = [canonicalPrefix(this.#sibling), "old/p10/"].map((one) => this.#shape(one));
    return (await Promise.all(shapes)).join(" + ");
  }

  /** The transaction that issues the receipt must find nothing left (I3). */
  watchReceipt(): { issued: number } {
    const seen = { issued: 0 };
    const { metadata } = this.#service;
    const complete = metadata.completeDeletion.bind(metadata);
    metadata.completeDeletion = async (...args) => {
      const left = await this.left();
      const deletion = await complete(...args);
      seen.issued++;
      expect(left, "left when the receipt was issued").toBe("");
      return deletion;
    };
    return seen;
  }

  async #fill(): Promise<void> {
    const { projects, uploads } = this.#service.services;
    this.#uid = (await projects.create(ADMIN, { id: "p1" })).uid;
    this.#sibling = (await projects.create(ADMIN, { id: "p10" })).uid;
    const own = canonicalPrefix(this.#uid);
    for (let i = 0; i < FILES; i++) await putText(this.#service, "p1", `${i}.txt`, `file ${i}`);
    for (let i = 0; i < STRAYS; i++) await this.#put(`${own}stray & <${i}>`);
    // The key that faults of single entries are meant for.
    await this.#put(`${own}r/1`);
    for (let i = 0; i < LEGACY; i++) await this.#put(`old/p1/${i}`);
    const input = { path: "a.bin", sizeBytes: 5, contentType: "x/y", metadata: {} };
    await uploads.open(ADMIN, "p1", input);
    await this.#openStray(`${own}unknown upload`);
    await putText(this.#service, "p10", "a.txt", "sibling");
    await this.#put("old/p10/0");
    if (!this.#isVersioned) return;
    await this.#put(`${own}stray & <0>`);
    const Key = `${this.#prefix}${own}stray & <1>`;
    await this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key }));
  }

  async #put(key: string): Promise<void> {
    const Key = this.#prefix + key;
    await this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key, Body: "planted" }));
  }

  async #openStray(key: string): Promise<void> {
    const place = { Bucket: this.#bucket, Key: this.#prefix + key };
    const { UploadId } = await this.#client.send(new CreateMultipartUploadCommand(place));
    const part = { ...place, UploadId, PartNumber: 1, Body: "part" };
    await this.#client.send(new UploadPartCommand(part));
  }

  async #shape(prefix: string): Promise<string> {
    return await shapeOf(this.#client, this.#bucket, this.#prefix + prefix);
  }
}
