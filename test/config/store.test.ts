import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Config, describeConfig } from "../../src/config.ts";
import { load, NOWHERE, problemsOf, R2 } from "./help.ts";

const ENDPOINT = `https://${R2.R2_ACCOUNT_ID}.r2.cloudflarestorage.com`;

describe("the store", () => {
  it("is R2 by its four names alone", async () => {
    expect((await load(R2)).store).toEqual({
      kind: "s3",
      bucket: "media",
      prefix: "",
      endpoint: ENDPOINT,
      region: "auto",
      accessKeyId: R2.R2_ACCESS_KEY_ID,
      secretAccessKey: R2.R2_SECRET_ACCESS_KEY,
      forcePathStyle: true,
      provider: "r2",
    });
  });

  it("is R2 in a jurisdiction, with a public domain", async () => {
    const env = { ...R2, R2_JURISDICTION: "eu", R2_PUBLIC_DOMAIN: "https://Files.example.org/" };
    expect((await load(env)).store).toMatchObject({
      endpoint: `https://${R2.R2_ACCOUNT_ID}.eu.r2.cloudflarestorage.com`,
      publicDomain: "files.example.org",
    });
  });

  it("is R2 by an endpoint, which stands for the account", async () => {
    const { R2_ACCOUNT_ID: _account, ...three } = R2;
    const { store } = await load({ ...three, R2_ENDPOINT: "http://127.0.0.1:9000/" });
    expect(store).toMatchObject({
      endpoint: "http://127.0.0.1:9000",
      region: "auto",
      provider: "r2",
    });
  });

  it("can be declared to lack listings, in any order, and is shown so", async () => {
    const lacking = {
      EXPUNGE_STORE: "s3://media",
      EXPUNGE_S3_WITHOUT: "version-listing, multipart-listing",
    };
    const config = await load(lacking);
    expect(config.store).toMatchObject({ without: ["multipart-listing", "version-listing"] });
    const shown = (config: Config) =>
      describeConfig(config).find(({ name }) => name === "EXPUNGE_S3_WITHOUT");
    expect(shown(config)).toMatchObject({
      value: "multipart-listing,version-listing",
      source: "environment",
    });
    expect(shown(await load({ EXPUNGE_STORE: "s3://media" }))).toMatchObject({
      value: "nothing",
      source: "default",
    });
  });

  it("is any S3 server", async () => {
    const { store } = await load({
      EXPUNGE_STORE: "s3://media/a/b/",
      EXPUNGE_S3_ENDPOINT: "http://127.0.0.1:7480",
      EXPUNGE_S3_REGION: "default",
      EXPUNGE_S3_ACCESS_KEY_ID: "key",
      EXPUNGE_S3_SECRET_ACCESS_KEY: "secret",
      EXPUNGE_S3_FORCE_PATH_STYLE: "false",
    });
    expect(store).toEqual({
      kind: "s3",
      bucket: "media",
      prefix: "a/b/",
      endpoint: "http://127.0.0.1:7480",
      region: "default",
      accessKeyId: "key",
      secretAccessKey: "secret",
      forcePathStyle: false,
    });
  });

  it("is AWS with its own chain where only the bucket is named", async () => {
    const byDefault = { kind: "s3", bucket: "media", prefix: "", forcePathStyle: false };
    expect((await load({ EXPUNGE_STORE: "s3://media" })).store).toEqual({
      ...byDefault,
      region: "us-east-1",
    });
    const env = { EXPUNGE_S3_BUCKET: "media", AWS_REGION: "eu-west-1" };
    expect((await load(env)).store).toEqual({ ...byDefault, region: "eu-west-1" });
  });

  it("takes credentials of R2 and a bucket with a prefix from EXPUNGE_STORE together", async () => {
    const { R2_BUCKET_NAME: _bucket, ...three } = R2;
    const { store } = await load({ ...three, EXPUNGE_STORE: "s3://media/sub" });
    expect(store).toMatchObject({ bucket: "media", prefix: "sub/", endpoint: ENDPOINT });
  });

  it("is a directory when EXPUNGE_STORE says so, whatever R2 settings lie around", async () => {
    const env = { R2_BUCKET_NAME: "media", EXPUNGE_STORE: "file:///srv/objects" };
    expect((await load(env)).store).toEqual({ kind: "file", dir: "/srv/objects" });
    const store = { kind: "file", dir: join(NOWHERE, "data/objects") };
    expect((await load({ ...R2, EXPUNGE_STORE: "file:" })).store).toEqual(store);
  });

  it("is what a flag says, against the whole environment", async () => {
    const env = { ...R2, EXPUNGE_S3_BUCKET: "media" };
    const flag = (text: string): Promise<unknown> =>
      load(env, { overrides: { EXPUNGE_STORE: text } }).then(({ store }) => store);
    expect(await flag("file:/srv")).toEqual({ kind: "file", dir: "/srv" });
    expect(await flag("s3://other/x")).toMatchObject({
      bucket: "other",
      prefix: "x/",
      endpoint: ENDPOINT,
    });
  });
});

describe("a store that is half set", () => {
  it.each(Object.keys(R2))("says that %s is missing", async (missing) => {
    const env = Object.fromEntries(Object.entries(R2).filter(([name]) => name !== missing));
    const problems = await problemsOf(env);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${missing} is missing: R2 needs R2_ACCOUNT_ID, `));
  });

  it("names all that is missing together", async () => {
    expect((await problemsOf({ R2_BUCKET_NAME: "media" }))[0]).toMatch(
      /^R2_ACCOUNT_ID, R2_ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY are missing: .*R2_BUCKET_NAME is set/,
    );
  });

  it.each<[Record<string, string>, string]>([
    [
      { EXPUNGE_STORE: "/srv/objects" },
      "EXPUNGE_STORE is '/srv/objects'; write 'file:DIR' or 's3://BUCKET[/PREFIX]'.",
    ],
    [{ EXPUNGE_STORE: "S3://media" }, "write 'file:DIR'"],
    [{ EXPUNGE_STORE: "s3://" }, "EXPUNGE_STORE names the bucket ''; a bucket has 3 to 63"],
    [{ EXPUNGE_STORE: "s3://My_Bucket" }, "names the bucket 'My_Bucket'"],
    [{ EXPUNGE_STORE: "s3://192.168.1.1" }, "names the bucket '192.168.1.1'"],
    [{ EXPUNGE_STORE: "s3://media//a" }, "EXPUNGE_STORE has a prefix with an empty"],
    [{ EXPUNGE_STORE: "s3://media/a/../b" }, "'.' or '..' segment"],
    [
      { EXPUNGE_STORE: "s3://media", EXPUNGE_S3_BUCKET: "other" },
      "EXPUNGE_STORE and EXPUNGE_S3_BUCKET differ",
    ],
    [{ ...R2, EXPUNGE_S3_BUCKET: "other" }, "EXPUNGE_S3_BUCKET and R2_BUCKET_NAME differ"],
    [{ ...R2, EXPUNGE_STORE: "s3://other" }, "EXPUNGE_STORE and R2_BUCKET_NAME differ"],
    [
      { ...R2, EXPUNGE_S3_ACCESS_KEY_ID: "k" },
      "EXPUNGE_S3_ACCESS_KEY_ID and R2_ACCESS_KEY_ID differ",
    ],
    [
      { EXPUNGE_STORE: "file:a", EXPUNGE_S3_BUCKET: "media" },
      "EXPUNGE_S3_BUCKET is set, but EXPUNGE_STORE names a directory",
    ],
    [{ EXPUNGE_S3_ENDPOINT: "http://a.example" }, "EXPUNGE_S3_ENDPOINT is set, but no bucket is"],
    [
      { EXPUNGE_STORE: "s3://media", EXPUNGE_S3_ENDPOINT: "a.example:9000" },
      "write a URL that begins with https://",
    ],
    [
      { EXPUNGE_STORE: "s3://media", EXPUNGE_S3_ACCESS_KEY_ID: "k" },
      "EXPUNGE_S3_SECRET_ACCESS_KEY is missing",
    ],
    [
      { EXPUNGE_STORE: "s3://media", EXPUNGE_S3_SECRET_ACCESS_KEY: "k" },
      "EXPUNGE_S3_ACCESS_KEY_ID is missing",
    ],
    [
      { EXPUNGE_STORE: "s3://media", EXPUNGE_S3_FORCE_PATH_STYLE: "yes" },
      "write 'true' or 'false'",
    ],
    [
      { EXPUNGE_STORE: "s3://media", EXPUNGE_S3_WITHOUT: "multipart-listings" },
      "EXPUNGE_S3_WITHOUT has a word that is none: 'multipart-listings' is not known; did you mean multipart-listing?",
    ],
    [
      { ...R2, R2_ENDPOINT: `${ENDPOINT}/media` },
      "R2_ENDPOINT ends in '/media'; write the endpoint without the bucket.",
    ],
    [
      { ...R2, R2_ENDPOINT: ENDPOINT, R2_JURISDICTION: "eu" },
      "R2_JURISDICTION is set, but so is R2_ENDPOINT",
    ],
    [
      { ...R2, R2_ENDPOINT: ENDPOINT, EXPUNGE_S3_ENDPOINT: "http://a.example" },
      "EXPUNGE_S3_ENDPOINT and R2_ENDPOINT differ",
    ],
    [{ ...R2, R2_JURISDICTION: "us" }, "R2_JURISDICTION is 'us'; write one of 'eu', 'fedramp'."],
    [{ ...R2, R2_ACCOUNT_ID: ENDPOINT }, "R2_ACCOUNT_ID is no account id"],
    [
      { ...R2, R2_ENDPOINT: "https://other.r2.cloudflarestorage.com" },
      "none of R2_ENDPOINT's host",
    ],
    [{ ...R2, EXPUNGE_S3_ENDPOINT: "http://127.0.0.1:9000" }, "none of EXPUNGE_S3_ENDPOINT's host"],
    [
      { ...R2, R2_PUBLIC_DOMAIN: "files.example.org/x" },
      "R2_PUBLIC_DOMAIN is 'files.example.org/x'",
    ],
  ])("or contradicts itself is refused: %j", async (env, message) => {
    const problems = await problemsOf(env);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
  });
});
