import { isIP } from "node:net";
import { type Lack, LACKS } from "../core/store-lacks.ts";
import { HOST_NAME } from "./file.ts";
import { didYouMean } from "./nearest.ts";
import type { SettingName } from "./names.ts";
import type { SettingReader } from "./reader.ts";
import { shown } from "./redact.ts";
import type { ParsedStore, S3StoreConfig } from "./types.ts";

/** A value and the name that gave it. */
interface Part {
  readonly name: SettingName;
  readonly text: string;
}

const R2_DOMAIN = "r2.cloudflarestorage.com";
const JURISDICTIONS = ["eu", "fedramp"] as const;

/** S3's rules for names of buckets (AWS S3 user guide, "General purpose bucket naming rules"). */
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const DEFAULT_REGION = "us-east-1";

/** Reads the settings of an S3 store; null where it has no bucket, which is then said. */
export function parseS3Store(reader: SettingReader): ParsedStore | null {
  const { bucket, prefix } = readBucket(reader);
  const endpoint = readEndpoint(reader);
  const keyId = same(reader, ["EXPUNGE_S3_ACCESS_KEY_ID", "R2_ACCESS_KEY_ID"]);
  const secret = same(reader, ["EXPUNGE_S3_SECRET_ACCESS_KEY", "R2_SECRET_ACCESS_KEY"]);
  const region = readRegion(reader, endpoint);
  const publicDomain = readPublicDomain(reader);
  const without = readWithout(reader);
  requireKeyPair(reader, keyId, secret);
  if (endpoint !== null && bucket !== null) refuseBucketInEndpoint(reader, endpoint, bucket.text);
  if (bucket === null) return null;
  const store: S3StoreConfig = {
    kind: "s3",
    bucket: bucket.text,
    prefix,
    ...(endpoint === null ? {} : { endpoint: endpoint.text }),
    region: region?.text ?? DEFAULT_REGION,
    ...(keyId === null || secret === null
      ? {}
      : { accessKeyId: keyId.text, secretAccessKey: secret.text }),
    // Servers other than AWS seldom have a certificate and a name for each bucket.
    forcePathStyle: reader.boolean("EXPUNGE_S3_FORCE_PATH_STYLE", endpoint !== null),
    ...(without.length === 0 ? {} : { without }),
    ...(endpoint?.name.startsWith("R2_") === true ? { provider: "r2" as const } : {}),
    ...(publicDomain === null ? {} : { publicDomain }),
  };
  return {
    store,
    givenBy: {
      EXPUNGE_STORE: bucket.name,
      EXPUNGE_S3_FORCE_PATH_STYLE: "EXPUNGE_S3_FORCE_PATH_STYLE",
      EXPUNGE_S3_WITHOUT: "EXPUNGE_S3_WITHOUT",
      R2_PUBLIC_DOMAIN: "R2_PUBLIC_DOMAIN",
      ...(endpoint === null ? {} : { EXPUNGE_S3_ENDPOINT: endpoint.name }),
      ...(region === null ? {} : { EXPUNGE_S3_REGION: region.name }),
      ...(keyId === null ? {} : { EXPUNGE_S3_ACCESS_KEY_ID: keyId.name }),
      ...(secret === null ? {} : { EXPUNGE_S3_SECRET_ACCESS_KEY: secret.name }),
    },
  };
}

function readBucket(reader: SettingReader): { bucket: Part | null; prefix: string } {
  const url = reader.given("EXPUNGE_STORE");
  const [, fromUrl = "", path = ""] = /^s3:\/\/([^/]*)(?:\/(.*))?$/s.exec(url?.text ?? "") ?? [];
  const bucket = same(
    reader,
    // A flag overrides the environment; it does not contradict it.
    url?.source === "flag" ? [] : ["EXPUNGE_S3_BUCKET", "R2_BUCKET_NAME"],
    url === undefined ? undefined : { name: "EXPUNGE_STORE", text: fromUrl },
  );
  if (bucket !== null && (!BUCKET.test(bucket.text) || isIP(bucket.text) !== 0)) {
    reader.refuse(
      bucket.name,
      `names the bucket ${shown(bucket.text)}; a bucket has 3 to 63 lower-case letters, digits, '-' and '.'.`,
    );
  }
  const segments = path.replace(/\/$/, "").split("/");
  if (path !== "" && segments.some((segment) => segment === "" || /^\.\.?$/.test(segment))) {
    reader.refuse("EXPUNGE_STORE", "has a prefix with an empty, '.' or '..' segment.");
  }
  return { bucket, prefix: path === "" ? "" : `${segments.join("/")}/` };
}

/** The one value that the names give; two different ones are refused, since one would be ignored. */
function same(reader: SettingReader, names: readonly SettingName[], first?: Part): Part | null {
  const parts = first === undefined ? [] : [first];
  for (const name of names) {
    const text = reader.text(name);
    if (text !== null) parts.push({ name, text });
  }
  const [chosen, ...others] = parts;
  if (chosen === undefined) return null;
  const other = others.find(({ text }) => text !== chosen.text);
  if (other !== undefined) {
    const names = `${reader.label(chosen.name)} and ${reader.label(other.name)}`;
    reader.problems.add(`${names} differ; set one of them, or both to the same value.`);
  }
  return chosen;
}

function readEndpoint(reader: SettingReader): Part | null {
  const parts: Part[] = [];
  for (const name of ["EXPUNGE_S3_ENDPOINT", "R2_ENDPOINT"] as const) {
    const text = reader.httpUrl(name);
    if (text !== null) parts.push({ name, text });
  }
  const [chosen, other] = parts;
  const isTold = chosen !== undefined && other !== undefined && chosen.text !== other.text;
  if (isTold) {
    reader.problems.add("EXPUNGE_S3_ENDPOINT and R2_ENDPOINT differ; set one of them.");
  }
  const jurisdiction = reader.given("R2_JURISDICTION");
  const account = reader.text("R2_ACCOUNT_ID");
  if (chosen !== undefined) {
    // One of the two would be ignored, and with it perhaps the account that was meant.
    const isOther = account !== null && !new URL(chosen.text).hostname.startsWith(`${account}.`);
    if (isOther && !isTold) {
      reader.refuse("R2_ACCOUNT_ID", `is none of ${chosen.name}'s host; keep one of them.`);
    }
    if (jurisdiction !== undefined) {
      reader.refuse("R2_JURISDICTION", `is set, but so is ${chosen.name}; keep one of them.`);
    }
    return chosen;
  }
  if (account === null) return null;
  if (!/^[A-Za-z0-9-]{1,63}$/.test(account)) {
    reader.refuse("R2_ACCOUNT_ID", "is no account id; copy the 32 characters from the dashboard.");
    return null;
  }
  const infix =
    jurisdiction === undefined ? "" : `${reader.choice("R2_JURISDICTION", JURISDICTIONS, "eu")}.`;
  return { name: "R2_ACCOUNT_ID", text: `https://${account}.${infix}${R2_DOMAIN}` };
}

/** The dashboard shows the endpoint with the bucket behind it; with it every key would be wrong. */
function refuseBucketInEndpoint(reader: SettingReader, endpoint: Part, bucket: string): void {
  const { pathname } = new URL(endpoint.text);
  if (pathname.split("/").at(-1) !== bucket) return;
  reader.refuse(endpoint.name, `ends in '/${bucket}'; write the endpoint without the bucket.`);
}

function readRegion(reader: SettingReader, endpoint: Part | null): Part | null {
  const own = same(reader, ["EXPUNGE_S3_REGION"]);
  if (own !== null) return own;
  const host = endpoint === null ? "" : new URL(endpoint.text).hostname;
  // R2 has one region, and AWS_REGION says nothing about it.
  if (endpoint !== null && (host.endsWith(`.${R2_DOMAIN}`) || endpoint.name.startsWith("R2_"))) {
    return { name: endpoint.name, text: "auto" };
  }
  return same(reader, ["AWS_REGION"]) ?? same(reader, ["AWS_DEFAULT_REGION"]);
}

function readPublicDomain(reader: SettingReader): string | null {
  const text = reader.text("R2_PUBLIC_DOMAIN");
  if (text === null) return null;
  const domain = text.replace(/^https:\/\//, "").replace(/\/$/, "");
  if (HOST_NAME.test(domain)) return domain.toLowerCase();
  reader.refuse(
    "R2_PUBLIC_DOMAIN",
    `is ${shown(text)}; write a domain such as 'files.example.org'.`,
  );
  return null;
}

function readWithout(reader: SettingReader): readonly Lack[] {
  const text = reader.text("EXPUNGE_S3_WITHOUT");
  const words = text === null ? [] : text.split(",").map((word) => word.trim());
  for (const word of words) {
    if (isLack(word)) continue;
    const told = didYouMean(word, LACKS).replace(word, shown(word));
    reader.refuse("EXPUNGE_S3_WITHOUT", `has a word that is none: ${told}`);
  }
  return LACKS.filter((lack) => words.includes(lack));
}

function isLack(word: string): word is Lack {
  return LACKS.some((lack) => lack === word);
}

/** On R2 the missing one was named already. */
function requireKeyPair(reader: SettingReader, keyId: Part | null, secret: Part | null): void {
  if (keyId?.name === "EXPUNGE_S3_ACCESS_KEY_ID" && secret === null) {
    reader.problems.add(
      "EXPUNGE_S3_SECRET_ACCESS_KEY is missing; EXPUNGE_S3_ACCESS_KEY_ID needs it.",
    );
  }
  if (secret?.name === "EXPUNGE_S3_SECRET_ACCESS_KEY" && keyId === null) {
    reader.problems.add(
      "EXPUNGE_S3_ACCESS_KEY_ID is missing; EXPUNGE_S3_SECRET_ACCESS_KEY needs it.",
    );
  }
}
