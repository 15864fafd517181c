import { messageOf } from "../../core/errors.ts";
import { randomText } from "../../core/ids.ts";
import { doctorPrefix } from "../../core/keys.ts";
import { LIMITS } from "../../core/limits.ts";
import { SECOND_MS } from "../../core/limits/units.ts";
import { isStoreError, StoreError } from "../../core/store-errors.ts";
import type { Capabilities, ObjectStore, Part } from "../../ports/object-store.ts";
import { bodyOf, collect } from "../bytes.ts";
import { objectPages, uploadPages } from "../listing.ts";
import { type Refusal, removeKeys, type StoreContext } from "../removing.ts";
import { keepsVersions, listsUploads, removeObjects, versionsOfKey } from "../versions.ts";
import { notApplicable, passed, Unexpected } from "./checks.ts";
import { DeniedCall } from "./rights.ts";

const RUN_CHARS = 10;

/** As the call would have failed where it is refused as a whole. */
function refusedRemoval({ code, message }: Refusal): StoreError {
  const error = new StoreError(code, "blocked", `a removal is refused: ${message}`);
  return code === "access-denied" ? new DeniedCall("remove", error) : error;
}

/**
 * A few small objects and uploads below a prefix of this run's own in `.expunge/doctor/`, and what the
 * store makes of them. Nothing else is touched.
 */
export class StoreExamination {
  readonly #context: StoreContext;
  readonly #store: ObjectStore;
  readonly #prefix: string;
  readonly #bytes: Uint8Array;
  readonly #opened: { readonly key: string; readonly uploadId: string }[] = [];

  constructor(context: StoreContext) {
    this.#context = context;
    this.#store = context.store;
    const id = randomText(context.random.bytes(RUN_CHARS), RUN_CHARS);
    this.#prefix = doctorPrefix(id);
    this.#bytes = context.random.bytes(1000);
  }

  async reach(): Promise<{ ok: true; detail: string }> {
    await this.#store.list(this.#prefix, { limit: 1 });
    const { kind, bucket, prefix } = this.#store.identity;
    return passed(`${kind} ${bucket}${prefix === "" ? "" : `, below '${prefix}'`}`);
  }

  async write(): Promise<{ ok: true; detail: string }> {
    for (const name of ["one", "two"]) await this.#store.put(this.#key(name), this.#bytes);
    return passed(`2 objects of ${this.#bytes.length} bytes`);
  }

  /** Ages are judged by this machine's clock against the times that the store gives to objects. */
  async clock(): Promise<{ ok: true; detail: string }> {
    const { clock } = this.#context;
    const before = clock.now();
    const { modifiedAt } = await this.#store.head(this.#key("two"));
    // The object was written a moment ago, and S3 tells its time to the second.
    const seconds = Math.round((before - modifiedAt) / SECOND_MS);
    if (Math.abs(seconds) > LIMITS.doctorClockApartMaxMs / SECOND_MS) {
      const side = seconds > 0 ? "ahead of" : "behind";
      throw new Unexpected(`this machine's clock is ${Math.abs(seconds)} s ${side} the store's`);
    }
    return passed(`this machine and the store agree to ${Math.abs(seconds) + 1} s`);
  }

  async read(): Promise<{ ok: true; detail: string }> {
    const key = this.#key("one");
    const { sizeBytes } = await this.#store.head(key);
    if (sizeBytes !== this.#bytes.length) throw new Unexpected(`the head says ${sizeBytes} bytes`);
    const whole = await this.#store.get(key);
    this.#expectBytes(await collect(whole.body, this.#bytes.length), this.#bytes);
    const part = await this.#store.get(key, { start: 10, end: 19 });
    this.#expectBytes(await collect(part.body, this.#bytes.length), this.#bytes.slice(10, 20));
    return passed("whole and as a range");
  }

  async list(): Promise<{ ok: true; detail: string }> {
    const keys = await this.listed();
    if (!keys.includes(this.#key("one")) || !keys.includes(this.#key("two"))) {
      throw new Unexpected("a listing does not show what was just written");
    }
    return passed("shows what was just written");
  }

  /** Each object of a project comes into being in this way (R1), and the fence relies on abort (R2). */
  async multipart(): Promise<{ ok: true; detail: string }> {
    const key = this.#key("parts");
    const uploadId = await this.#upload(key);
    const isListed = await listsUploads(this.#context);
    const shown = await this.#openUploads();
    if (isListed && !shown.includes(uploadId)) throw new Unexpected("an open upload is not listed");
    await this.#store.abortUpload(key, uploadId);
    if ((await this.#openUploads()).includes(uploadId)) {
      throw new Unexpected("an aborted upload is still listed");
    }
    const second = await this.#open(key);
    const part = await this.#send(key, second);
    const parts = await this.#store.listParts(key, second);
    if (parts.length !== 1) throw new Unexpected("the part of an upload is not listed");
    await this.#store.completeUpload(key, second, [part]);
    const { body } = await this.#store.get(key);
    this.#expectBytes(await collect(body, this.#bytes.length), this.#bytes);
    return passed(isListed ? "made, listed, aborted and completed" : "made, aborted and completed");
  }

  async remove(): Promise<{ ok: true; detail: string }> {
    const keys = await this.listed();
    const { refused } = await removeKeys(this.#context, keys);
    const [first] = refused;
    if (first) throw refusedRemoval(first);
    const left = await this.listed();
    if (left.length > 0) throw new Unexpected("a listing still shows what was just removed");
    return passed(`${keys.length} objects, and a listing shows none`);
  }

  async uploadsListing(): Promise<{ ok: boolean | null; detail: string }> {
    const { multipartListing, declaredLacking } = await this.#store.capabilities({ fresh: true });
    if (declaredLacking.includes("multipart-listing")) {
      return notApplicable(
        "declared lacking: uploads that expunge did not open are not looked for",
      );
    }
    if (!multipartListing) {
      const detail = "the store lists no incomplete uploads: each deletion will be blocked";
      return { ok: false, detail };
    }
    return passed("incomplete uploads are listed");
  }

  async versions(): Promise<{ ok: boolean | null; detail: string }> {
    const { versioning, declaredLacking } = await this.#store.capabilities({ fresh: true });
    if (versioning === "none") {
      const isDeclared = declaredLacking.includes("version-listing");
      const said = isDeclared
        ? "declared lacking: versions are not looked for"
        : "the store keeps no versions";
      return notApplicable(said);
    }
    let found = 0;
    for await (const _version of versionsOfKey(this.#context, this.#key("one"))) found++;
    return passed(`versioning is ${versioning}; ${found} versions of one object can be listed`);
  }

  async lock(): Promise<{ ok: boolean | null; detail: string }> {
    const { objectLock } = await this.#capabilities();
    if (objectLock === "none") return notApplicable("objects cannot be locked there");
    if (objectLock === "unknown") return notApplicable("the key may not ask for object lock");
    return passed("object lock is on: an object that somebody locks blocks its deletion");
  }

  /**
   * Removes what was made: uploads, objects and where the store keeps them versions; then lists.
   * Whatever of it fails, the rest is tried.
   * @returns what remains or could not be removed, one sentence each
   */
  async cleanUp(): Promise<readonly string[]> {
    const problems: string[] = [];
    const attempt = async (what: string, work: () => Promise<void>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        const code = error instanceof StoreError ? ` (${error.code})` : "";
        problems.push(`${what}: ${messageOf(error)}${code}`);
      }
    };
    await attempt("an upload could not be ended", () => this.#endUploads());
    let versioned = false;
    await attempt("versions could not be looked for", async () => {
      versioned = await keepsVersions(this.#context, true);
    });
    await attempt("an object could not be removed", () => this.#removeObjects(versioned));
    await attempt("it could not be seen whether something is left", async () => {
      const left = [...(await this.listed()), ...(await this.#openUploads())];
      if (left.length > 0)
        throw new Unexpected(`${left.length} things remain below ${this.#prefix}`);
    });
    return problems;
  }

  get prefix(): string {
    return this.#prefix;
  }

  async #endUploads(): Promise<void> {
    for (const { key, uploadId } of this.#opened.splice(0)) {
      try {
        await this.#store.abortUpload(key, uploadId);
      } catch (error) {
        if (!isStoreError(error, "no-such-upload")) throw error;
      }
    }
  }

  /** Where versions cannot be removed, the objects are at least hidden. */
  async #removeObjects(versioned: boolean): Promise<void> {
    const keys = ["one", "two", "parts"].map((name) => this.#key(name));
    const [first] = await removeObjects(this.#context, keys, versioned);
    if (!first) return;
    if (versioned) await removeKeys(this.#context, keys);
    throw new StoreError(first.code, "blocked", first.message);
  }

  #capabilities(): Promise<Capabilities> {
    return this.#store.capabilities();
  }

  #key(name: string): string {
    return `${this.#prefix}${name}`;
  }

  async #upload(key: string): Promise<string> {
    const uploadId = await this.#open(key);
    await this.#send(key, uploadId);
    return uploadId;
  }

  async #open(key: string): Promise<string> {
    const uploadId = await this.#store.createUpload(key, "application/octet-stream");
    this.#opened.push({ key, uploadId });
    return uploadId;
  }

  async #send(key: string, uploadId: string): Promise<Part> {
    return await this.#store.uploadPart(key, uploadId, 1, {
      body: bodyOf(this.#bytes),
      again: () => bodyOf(this.#bytes),
      sizeBytes: this.#bytes.length,
    });
  }

  /** Keys below the prefix of this run. */
  async listed(): Promise<readonly string[]> {
    const keys: string[] = [];
    for await (const entries of objectPages(this.#context, this.#prefix)) {
      keys.push(...entries.map(({ key }) => key));
    }
    return keys.slice(0, LIMITS.listPageKeys);
  }

  async #openUploads(): Promise<readonly string[]> {
    const ids: string[] = [];
    if (!(await listsUploads(this.#context))) return ids;
    for await (const entries of uploadPages(this.#context, this.#prefix)) {
      ids.push(...entries.map(({ uploadId }) => uploadId));
    }
    return ids;
  }

  #expectBytes(found: Uint8Array, wanted: Uint8Array): void {
    const same = found.length === wanted.length && found.every((byte, i) => byte === wanted[i]);
    if (!same) throw new Unexpected("what was read back is not what was written");
  }
}
