import { ExpungeError, messageOf } from "../../core/errors.ts";
import { doctorPrefix } from "../../core/keys.ts";
import { randomText } from "../../core/ids.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Capabilities, ObjectStore, Part, StoreIdentity } from "../../ports/object-store.ts";
import { StoreError } from "../../core/store-errors.ts";
import { STORE_REMEDIES } from "../../core/store-remedies.ts";
import { bodyOf, collect } from "../bytes.ts";
import { objectPages, uploadPages } from "../listing.ts";
import { removeKeys, type StoreContext } from "../removing.ts";
import { removeObjects, versionsOfKey } from "../versions.ts";
import { type Check, type Look, look, notApplicable, passed, Unexpected } from "./checks.ts";

const REMEDY = "The store does not do what expunge relies on: look at docs/stores.md.";
const RUN_CHARS = 10;

/**
 * Proves on the real store, with a few small objects below `.expunge/doctor/`, each call that expunge
 * needs. Nothing else is touched, and what it made is removed again.
 */
export async function examineStore(context: StoreContext): Promise<readonly Check[]> {
  const run = new StoreExamination(context);
  const reached = await look("store-reachable", REMEDY, () => run.reach());
  if (reached.ok !== true) return [reached];
  const checks = [reached];
  const steps: readonly (readonly [string, Look])[] = [
    ["store-write", () => run.write()],
    ["store-read", () => run.read()],
    ["store-list", () => run.list()],
    ["store-multipart", () => run.multipart()],
    ["store-delete", () => run.remove()],
    ["store-versions", () => run.versions()],
    ["store-lock", () => run.lock()],
  ];
  for (const [name, take] of steps) {
    const check = await look(name, REMEDY, take);
    checks.push(check);
    // Without an object of its own there is nothing to look at.
    if (name === "store-write" && check.ok !== true) break;
  }
  checks.push(await look("store-left-clean", REMEDY, () => run.clean()));
  return checks;
}

/**
 * The short form, at every start: reaches the store, and makes, lists and removes two small objects.
 * @throws ExpungeError `store-unavailable` where it is not reached, `store-unusable` where it refuses
 * what expunge needs: one sentence that says what, and what to do
 */
export async function tryStore(context: StoreContext): Promise<void> {
  const run = new StoreExamination(context);
  const attempt = async (step: string, take: () => Promise<unknown>): Promise<void> => {
    try {
      await take();
    } catch (error) {
      throw storeTrouble(context.store.identity, step, error);
    }
  };
  await attempt("be listed", () => run.reach());
  await attempt("be written", () => run.write());
  await attempt("show what was written", () => run.list());
  await attempt("let go of an object", () => run.clean());
}

function storeTrouble(
  { kind, bucket, prefix }: StoreIdentity,
  step: string,
  error: unknown,
): ExpungeError {
  const name = kind === "s3" ? `s3://${bucket}/${prefix}` : bucket;
  const message = `The store ${name} cannot ${step}: ${messageOf(error)}`;
  if (!(error instanceof StoreError)) {
    return new ExpungeError("store-unusable", message, { cause: error });
  }
  const code = error.errorClass === "retryable" ? "store-unavailable" : "store-unusable";
  const details = { storeCode: error.code };
  return new ExpungeError(code, message, {
    cause: error,
    details,
    remedy: STORE_REMEDIES[error.code],
  });
}

class StoreExamination {
  readonly #context: StoreContext;
  readonly #store: ObjectStore;
  readonly #prefix: string;
  readonly #bytes: Uint8Array;

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
    const keys = await this.#listed();
    if (!keys.includes(this.#key("one")) || !keys.includes(this.#key("two"))) {
      throw new Unexpected("a listing does not show what was just written");
    }
    return passed("shows what was just written");
  }

  /** Each object of a project comes into being in this way (R1), and the fence relies on abort (R2). */
  async multipart(): Promise<{ ok: true; detail: string }> {
    const key = this.#key("parts");
    const uploadId = await this.#upload(key);
    const shown = await this.#openUploads();
    if (!shown.includes(uploadId)) throw new Unexpected("an open upload is not listed");
    await this.#store.abortUpload(key, uploadId);
    if ((await this.#openUploads()).includes(uploadId)) {
      throw new Unexpected("an aborted upload is still listed");
    }
    const second = await this.#store.createUpload(key, "application/octet-stream");
    const part = await this.#send(key, second);
    await this.#store.completeUpload(key, second, [part]);
    const { body } = await this.#store.get(key);
    this.#expectBytes(await collect(body, this.#bytes.length), this.#bytes);
    return passed("made, listed, aborted and completed");
  }

  async remove(): Promise<{ ok: true; detail: string }> {
    const keys = await this.#listed();
    const { refused } = await removeKeys(this.#context, keys);
    const [first] = refused;
    if (first) throw new Unexpected(`a removal is refused: ${first.message} (${first.code})`);
    const left = await this.#listed();
    if (left.length > 0) throw new Unexpected("a listing still shows what was just removed");
    return passed(`${keys.length} objects, and a listing shows none`);
  }

  async versions(): Promise<{ ok: boolean | null; detail: string }> {
    const { versioning } = await this.#store.capabilities({ fresh: true });
    if (versioning === "none") return notApplicable("the store keeps no versions");
    let found = 0;
    for await (const _version of versionsOfKey(this.#context, this.#key("one"))) found++;
    return passed(`versioning is ${versioning}; ${found} versions of one object can be listed`);
  }

  async lock(): Promise<{ ok: boolean | null; detail: string }> {
    const { objectLock } = await this.#capabilities();
    if (objectLock === "none") return notApplicable("objects cannot be locked there");
    if (objectLock === "unknown") return notApplicable("the key may not ask for object lock");
    return passed("object lock is on: locked objects block a deletion until they are released");
  }

  /** Removes what was made, versions included, and looks. */
  async clean(): Promise<{ ok: true; detail: string }> {
    const keys = ["one", "two", "parts"].map((name) => this.#key(name));
    const [first] = await removeObjects(this.#context, keys);
    if (first) throw new Unexpected(`${this.#prefix} remains: ${first.message} (${first.code})`);
    return passed(`nothing is left below ${this.#prefix}`);
  }

  #capabilities(): Promise<Capabilities> {
    return this.#store.capabilities();
  }

  #key(name: string): string {
    return `${this.#prefix}${name}`;
  }

  async #upload(key: string): Promise<string> {
    const uploadId = await this.#store.createUpload(key, "application/octet-stream");
    await this.#send(key, uploadId);
    return uploadId;
  }

  async #send(key: string, uploadId: string): Promise<Part> {
    return await this.#store.uploadPart(key, uploadId, 1, {
      body: bodyOf(this.#bytes),
      again: () => bodyOf(this.#bytes),
      sizeBytes: this.#bytes.length,
    });
  }

  async #listed(): Promise<readonly string[]> {
    const keys: string[] = [];
    for await (const entries of objectPages(this.#context, this.#prefix)) {
      keys.push(...entries.map(({ key }) => key));
    }
    return keys.slice(0, LIMITS.listPageKeys);
  }

  async #openUploads(): Promise<readonly string[]> {
    const ids: string[] = [];
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
