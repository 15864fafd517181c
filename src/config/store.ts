import { resolve } from "node:path";
import type { SettingName } from "./names.ts";
import type { SettingReader } from "./reader.ts";
import { shown } from "./redact.ts";
import { parseS3Store } from "./s3-store.ts";
import type { ParsedStore } from "./types.ts";

export interface Directories {
  readonly cwd: string;
  readonly dataDir: string;
}

/** Any of these means that the store is R2, unless `EXPUNGE_STORE` names a directory. */
const R2_NEEDED = [
  "R2_ACCOUNT_ID",
  "R2_ACCESS_KEY_ID",
  "R2_SECRET_ACCESS_KEY",
  "R2_BUCKET_NAME",
] as const;

/** Reads `EXPUNGE_STORE`, `EXPUNGE_S3_*` and `R2_*`. */
export function parseStore(reader: SettingReader, directories: Directories): ParsedStore {
  const byDefault: ParsedStore = {
    store: { kind: "file", dir: resolve(directories.dataDir, "objects") },
    givenBy: {},
  };
  const text = reader.text("EXPUNGE_STORE");
  if (text?.startsWith("file:")) return parseFileStore(reader, directories, text, byDefault);
  if (text !== null && !text.startsWith("s3://")) {
    reader.refuse(
      "EXPUNGE_STORE",
      `is ${shown(text)}; write 'file:DIR' or 's3://BUCKET[/PREFIX]'.`,
    );
    return byDefault;
  }
  const wantsR2 = R2_NEEDED.some((name) => reader.given(name) !== undefined);
  const hasBucket = text !== null || reader.given("EXPUNGE_S3_BUCKET") !== undefined;
  if (wantsR2) requireR2(reader, hasBucket);
  if (wantsR2 || hasBucket) return parseS3Store(reader) ?? byDefault;
  refuseWithoutBucket(reader);
  return byDefault;
}

function parseFileStore(
  reader: SettingReader,
  directories: Directories,
  text: string,
  byDefault: ParsedStore,
): ParsedStore {
  // R2_* may be there for another program; a bucket for expunge itself contradicts the directory.
  const isFlag = reader.given("EXPUNGE_STORE")?.source === "flag";
  if (!isFlag && reader.given("EXPUNGE_S3_BUCKET") !== undefined) {
    const store = reader.label("EXPUNGE_STORE");
    reader.refuse("EXPUNGE_S3_BUCKET", `is set, but ${store} names a directory; keep one of them.`);
  }
  const dir = directoryOf(text, "file:");
  return {
    store: dir === "" ? byDefault.store : { kind: "file", dir: resolve(directories.cwd, dir) },
    givenBy: { EXPUNGE_STORE: "EXPUNGE_STORE" },
  };
}

/** The directory in `file:DIR`, `file:///DIR` or `pglite:DIR`. */
export function directoryOf(text: string, scheme: string): string {
  return text.slice(scheme.length).replace(/^\/\/(?=\/)/, "");
}

/** Says which of the four names is missing. */
function requireR2(reader: SettingReader, hasBucket: boolean): void {
  const has = (name: SettingName): boolean => reader.given(name) !== undefined;
  const instead: Readonly<Record<(typeof R2_NEEDED)[number], boolean>> = {
    R2_ACCOUNT_ID: has("R2_ENDPOINT") || has("EXPUNGE_S3_ENDPOINT"),
    R2_ACCESS_KEY_ID: has("EXPUNGE_S3_ACCESS_KEY_ID"),
    R2_SECRET_ACCESS_KEY: has("EXPUNGE_S3_SECRET_ACCESS_KEY"),
    R2_BUCKET_NAME: hasBucket,
  };
  const missing = R2_NEEDED.filter((name) => !has(name) && !instead[name]);
  if (missing.length === 0) return;
  const present = R2_NEEDED.filter((name) => has(name));
  const verb = missing.length === 1 ? "is" : "are";
  reader.problems.add(
    `${missing.join(", ")} ${verb} missing: R2 needs ${R2_NEEDED.join(", ")}, and ` +
      `${present.join(", ")} ${present.length === 1 ? "is" : "are"} set. ` +
      "To use a directory instead, set EXPUNGE_STORE=file:DIR.",
  );
}

/** Going on with the local store would be a silent change of what the person meant. */
function refuseWithoutBucket(reader: SettingReader): void {
  const names = ["EXPUNGE_S3_ENDPOINT", "EXPUNGE_S3_ACCESS_KEY_ID", "EXPUNGE_S3_SECRET_ACCESS_KEY"];
  const name = (names as readonly SettingName[]).find((each) => reader.given(each) !== undefined);
  if (name === undefined) return;
  reader.refuse(name, "is set, but no bucket is: set EXPUNGE_STORE=s3://BUCKET as well.");
}
