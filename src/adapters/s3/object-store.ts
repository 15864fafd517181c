import { PutObjectCommand } from "@aws-sdk/client-s3";
import { LIMITS } from "../../core/limits.ts";
import type { Clock } from "../../ports/clock.ts";
import type {
  ByteRange,
  Capabilities,
  CapabilityOptions,
  CopySource,
  ListObjectsOptions,
  ListOptions,
  ObjectBody,
  ObjectEntry,
  ObjectHead,
  ObjectStore,
  Page,
  Part,
  PartBody,
  RemoveResult,
  RemoveVersionResult,
  SignedRequest,
  StoreIdentity,
  UploadEntry,
  VersionEntry,
  VersionRef,
} from "../../ports/object-store.ts";
import { checkRemoval, notSupported } from "../object-store-checks.ts";
import { Client } from "./client.ts";
import { etagOf, KeySpace } from "./keys.ts";
import { listObjects, listUploads } from "./listing.ts";
import type { S3StoreOptions } from "./options.ts";
import { copyPart, EtagKind, uploadPart } from "./parts.ts";
import { probe } from "./probing.ts";
import { readHead, readObject } from "./reading.ts";
import { Remover } from "./removal.ts";
import { providerOf, rulesOf } from "./rules.ts";
import { presignGet, presignPart } from "./signing.ts";
import { abortUpload, completeUpload, createUpload, listParts } from "./uploads.ts";
import { listVersions } from "./versions.ts";
import type { Place } from "./place.ts";

export type { S3StoreOptions, S3Timeouts } from "./options.ts";
export type { Provider } from "./rules.ts";

/**
 * A bucket of AWS S3, Cloudflare R2, Ceph or any other store that speaks S3. Each call is one attempt:
 * retries and the number of calls under way are decorators of the port.
 */
export class S3ObjectStore implements ObjectStore {
  readonly identity: StoreIdentity;
  readonly #clock: Pick<Clock, "now">;
  readonly #place: Place;
  readonly #remover: Remover;
  readonly #etagKind = new EtagKind();
  #known: { readonly atMs: number; readonly probed: ReturnType<typeof probe> } | null = null;

  /** Asks nothing of the store. */
  constructor(options: S3StoreOptions) {
    const { bucket, prefix = "", endpoint, clock, without = [] } = options;
    this.identity = { kind: "s3", bucket, prefix };
    this.#clock = clock;
    const rules = rulesOf(options.provider ?? providerOf(endpoint));
    this.#place = { client: new Client(options), keys: new KeySpace(prefix), rules, without };
    this.#remover = new Remover(this.#place);
  }

  /** Closes the connections that are kept open. */
  close(): void {
    this.#place.client.close();
  }

  async capabilities(options: CapabilityOptions = {}): Promise<Capabilities> {
    options.signal?.throwIfAborted();
    const { consistency, keyNormalisation, partBytesMin, partBytesMax } = this.#place.rules;
    return {
      ...(await this.#probed(options.fresh === true)),
      declaredLacking: this.#place.without,
      consistency,
      checksum: this.#remover.checksum,
      keyNormalisation,
      presign: true,
      partBytesMin,
      partBytesMax,
    };
  }

  async list(prefix: string, options: ListObjectsOptions = {}): Promise<Page<ObjectEntry>> {
    return await listObjects(this.#place, prefix, options);
  }

  async put(key: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    const { client, keys } = this.#place;
    const command = new PutObjectCommand({
      Bucket: client.bucket,
      Key: keys.of(key),
      // A copy: the caller may go on writing into its own.
      Body: new Uint8Array(bytes),
    });
    const options = signal === undefined ? {} : { abortSignal: signal };
    await client.ask("PutObject", options, async (call) => {
      etagOf((await client.s3.send(command, call)).ETag);
    });
  }

  async get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<ObjectBody> {
    return await readObject(this.#place, key, range, signal);
  }

  async head(key: string, signal?: AbortSignal): Promise<ObjectHead> {
    return await readHead(this.#place, key, signal);
  }

  async remove(keys: readonly string[], signal?: AbortSignal): Promise<readonly RemoveResult[]> {
    checkRemoval(keys);
    const verdicts = await this.#remover.remove(
      keys.map((key) => ({ key })),
      signal,
    );
    return verdicts.map((verdict, i) => ({ key: keys[i] ?? "", ...verdict }));
  }

  async listVersions(prefix: string, options: ListOptions = {}): Promise<Page<VersionEntry>> {
    options.signal?.throwIfAborted();
    await this.#needsVersions();
    return await listVersions(this.#place, prefix, options);
  }

  async removeVersions(
    versions: readonly VersionRef[],
    signal?: AbortSignal,
  ): Promise<readonly RemoveVersionResult[]> {
    signal?.throwIfAborted();
    await this.#needsVersions();
    checkRemoval(versions);
    const refs = versions.map(({ key, versionId }) => ({ key, versionId }));
    const verdicts = await this.#remover.remove(refs, signal);
    return verdicts.map((verdict, i) => ({ key: "", versionId: "", ...refs[i], ...verdict }));
  }

  async createUpload(key: string, contentType: string): Promise<string> {
    return await createUpload(this.#place, key, contentType);
  }

  async uploadPart(
    key: string,
    uploadId: string,
    partNumber: number,
    part: PartBody,
  ): Promise<Part> {
    return await uploadPart(this.#place, this.#etagKind, key, uploadId, partNumber, part);
  }

  async copyPart(
    key: string,
    uploadId: string,
    partNumber: number,
    source: CopySource,
  ): Promise<Part> {
    return await copyPart(this.#place, this.#etagKind, key, uploadId, partNumber, source);
  }

  async presignPart(
    key: string,
    uploadId: string,
    partNumber: number,
    sizeBytes: number,
    expiresInMs: number,
  ): Promise<SignedRequest> {
    const part = { key, uploadId, partNumber, sizeBytes };
    return await presignPart(this.#place, this.#clock, part, expiresInMs);
  }

  async presignGet(key: string, expiresInMs: number, filename: string): Promise<SignedRequest> {
    return await presignGet(this.#place, this.#clock, key, expiresInMs, filename);
  }

  async listParts(key: string, uploadId: string, signal?: AbortSignal): Promise<readonly Part[]> {
    return await listParts(this.#place, key, uploadId, signal);
  }

  async completeUpload(key: string, uploadId: string, parts: readonly Part[]): Promise<ObjectHead> {
    return await completeUpload(this.#place, key, uploadId, parts);
  }

  async abortUpload(key: string, uploadId: string, signal?: AbortSignal): Promise<void> {
    await abortUpload(this.#place, key, uploadId, signal);
  }

  async listUploads(prefix: string, options: ListOptions = {}): Promise<Page<UploadEntry>> {
    return await listUploads(this.#place, prefix, options);
  }

  /** One probe at a time serves all that ask; a failed one is forgotten. */
  async #probed(fresh: boolean): ReturnType<typeof probe> {
    const now = this.#clock.now();
    const known = this.#known;
    const isOld = known === null || Math.abs(now - known.atMs) > LIMITS.capabilityTtlMs;
    if (!fresh && !isOld) return await known.probed;
    const probed = probe(this.#place);
    const mine = { atMs: now, probed };
    this.#known = mine;
    try {
      return await probed;
    } catch (error) {
      if (this.#known === mine) this.#known = null;
      throw error;
    }
  }

  async #needsVersions(): Promise<void> {
    const { versioning } = await this.#probed(false);
    if (versioning === "none") throw notSupported("This store keeps no versions.");
  }
}
