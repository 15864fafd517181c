import { describe, expect, it } from "vitest";
import { describeConfig } from "../../src/config.ts";
import { redactUrl } from "../../src/config/redact.ts";
import { directoryWith, load, problemsOf, R2, WEBHOOK_SECRET } from "./help.ts";

const SECRET = "hunter2";

describe("the description of the configuration", () => {
  it("shows every setting and no secret", async () => {
    const cwd = await directoryWith("expunge.config.json", {
      webhooks: [{ url: `https://hooks.example/${SECRET}`, secret: { env: "MY_WEBHOOK_SECRET" } }],
      cdn: { kind: "cloudflare", zone: "a".repeat(32), domain: "cdn.example.org" },
    });
    const config = await load(
      {
        ...R2,
        R2_SECRET_ACCESS_KEY: SECRET,
        EXPUNGE_ADMIN_TOKEN: SECRET,
        EXPUNGE_CDN_API_TOKEN: SECRET,
        DATABASE_URL: `postgres://user:${SECRET}@db.example/expunge?sslpassword=${SECRET}&a=b`,
        EXPUNGE_SIGNING_KEY: "key.pem",
        MY_WEBHOOK_SECRET: WEBHOOK_SECRET,
        EXPUNGE_TOKEN: SECRET,
        EXPUNGE_JWKS_URL: `https://id.example/jwks?token=${SECRET}`,
        EXPUNGE_JWT_ISSUER: "issuer",
        EXPUNGE_JWT_AUDIENCE: "audience",
      },
      { cwd },
    );
    const told = describeConfig(config);
    expect(config.webhooks[0]?.secret).toBe(WEBHOOK_SECRET);
    expect(JSON.stringify(told)).not.toContain(SECRET);
    expect(JSON.stringify(told)).not.toContain(WEBHOOK_SECRET.slice(6));
    const byName = new Map(told.map((each) => [each.name, each]));
    expect(byName.get("EXPUNGE_DATABASE")).toEqual({
      name: "EXPUNGE_DATABASE",
      value: "postgres://user:***@db.example/expunge?sslpassword=***&a=b",
      source: "environment",
      origin: "DATABASE_URL",
    });
    expect(byName.get("EXPUNGE_STORE")).toMatchObject({
      value: "s3://media",
      origin: "R2_BUCKET_NAME",
    });
    expect(byName.get("EXPUNGE_S3_SECRET_ACCESS_KEY")).toMatchObject({
      value: "(redacted)",
      origin: "R2_SECRET_ACCESS_KEY",
    });
    expect(byName.get("EXPUNGE_S3_ACCESS_KEY_ID")?.value).toBe("***6789");
    expect(byName.get("EXPUNGE_ADMIN_TOKEN")?.value).toBe("(redacted)");
    expect(byName.get("webhooks")?.value).toBe("https://hooks.example/(redacted)");
    expect(byName.get("EXPUNGE_CDN_API_TOKEN")?.value).toBe("(redacted)");
    expect(byName.get("cdn")?.value).toContain("mode prefix, domain cdn.example.org");
  });

  it("tells the source of each value", async () => {
    const told = describeConfig(await load({ EXPUNGE_PORT: "1" }));
    expect(told.find(({ name }) => name === "EXPUNGE_PORT")).toMatchObject({
      source: "environment",
    });
    expect(told.filter(({ source }) => source !== "default")).toHaveLength(1);
    expect(new Set(told.map(({ name }) => name)).size).toBe(told.length);
  });
});

describe("messages about wrong settings", () => {
  it.each<Record<string, string>>([
    { EXPUNGE_DATABASE: `mysql://u:${SECRET}@h/x` },
    { EXPUNGE_DATABASE: `u:${SECRET}@h/x` },
    { EXPUNGE_DATABASE: `postgres://u:${SECRET}/@h:x/x` },
    { EXPUNGE_STORE: `https://u:${SECRET}@h/x` },
    { EXPUNGE_STORE: `s3://key:${SECRET}@media` },
    { EXPUNGE_STORE: "s3://media", EXPUNGE_S3_ENDPOINT: `https://u:${SECRET}@h` },
    { EXPUNGE_STORE: "s3://media", EXPUNGE_S3_ENDPOINT: `u:${SECRET}@h` },
    { EXPUNGE_STORE: "s3://media", EXPUNGE_S3_SECRET_ACCESS_KEY: SECRET },
    { ...R2, EXPUNGE_S3_SECRET_ACCESS_KEY: SECRET },
    { EXPUNGE_ADMIN_TOKEN: `${SECRET} ${SECRET}` },
    { EXPUNGE_TOKN: SECRET },
  ])("do not quote a secret: %j", async (env) => {
    const message = (await problemsOf(env)).join("\n");
    expect(message).not.toBe("");
    expect(message).not.toContain(SECRET);
    expect(message).not.toContain(R2.R2_SECRET_ACCESS_KEY);
  });

  it.each([
    ["expunge.config.json", `{ "database": "postgres://u:${SECRET}@h/x", }`],
    ["expunge.config.json", `{ "cdn": "${SECRET}" }`],
    ["expunge.config.json", `{ "cdn": ${SECRET} }`],
    ["expunge.config.ts", `export default { cdn: "${SECRET}" `],
    ["expunge.config.ts", `throw new Error(["at fault:", "${SECRET}"].join("\\n"));`],
  ])("do not quote the text of %s: %s", async (name, text) => {
    const cwd = await directoryWith(name, text);
    const error: unknown = await load({}, { cwd }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    const chain = error instanceof Error ? [error.message, String(error.cause)] : [];
    expect(chain.join("\n")).not.toContain(SECRET);
  });
});

describe("a URL", () => {
  it.each([
    ["https://a.example/b?c=d", "https://a.example/b?c=d"],
    ["postgres://u@h/x", "postgres://u@h/x"],
    ["postgres://u:p%40s@h/x", "postgres://u:***@h/x"],
    ["postgres:///x?host=/run&password=p", "postgres:///x?host=%2Frun&password=***"],
    ["no url", "(redacted)"],
  ])("'%s' is shown as '%s'", (text, shown) => {
    expect(redactUrl(text)).toBe(shown);
  });
});
