import { describe, expect, it } from "vitest";
import { directoryWith, load, problemsOf, R2 } from "./help.ts";

const ZONE = "0123456789abcdef0123456789abcdef";
const TOKEN = "hunter2";
const CDN = { kind: "cloudflare", zone: ZONE, domain: "Files.Example.org" } as const;

describe("the CDN in the config file", () => {
  it("takes its token from the environment, and purges by prefix where nothing is said", async () => {
    const cwd = await directoryWith("expunge.config.json", { cdn: CDN });
    const config = await load({ EXPUNGE_CDN_API_TOKEN: TOKEN }, { cwd });
    expect(config.cdn).toEqual({
      kind: "cloudflare",
      zone: ZONE,
      apiToken: TOKEN,
      mode: "prefix",
      domain: "files.example.org",
      endpoint: "https://api.cloudflare.com/client/v4",
    });
  });

  it("takes the bucket's public domain where it names none, and an endpoint of this machine", async () => {
    const cdn = { kind: "cloudflare", zone: ZONE, mode: "url", endpoint: "http://127.0.0.1:9/v4/" };
    const cwd = await directoryWith("expunge.config.json", { cdn });
    const env = { ...R2, R2_PUBLIC_DOMAIN: "media.example.org", EXPUNGE_CDN_API_TOKEN: TOKEN };
    expect((await load(env, { cwd })).cdn).toMatchObject({
      mode: "url",
      domain: "media.example.org",
      endpoint: "http://127.0.0.1:9/v4",
    });
  });

  it.each([
    [{ ...CDN, zone: "example.org" }, "32 hexadecimal digits"],
    [{ ...CDN, mode: "everything" }, "write 'prefix' or 'url'"],
    [{ ...CDN, kind: "other" }, "write 'cloudflare'"],
    [{ ...CDN, domain: "https://x.example.org/a" }, "write a domain"],
    [{ ...CDN, apiToken: TOKEN }, "apiToken"],
    [{ kind: "cloudflare", zone: ZONE }, "cdn.domain"],
    [{ ...CDN, endpoint: "http://api.example.org" }, "is not https"],
    [{ ...CDN, endpoint: "https://u:p@api.example.org" }, "holds a user name"],
    [{ ...CDN, endpoint: "https://api.example.org?a=b" }, "has a query"],
    [{ ...CDN, endpoint: "ftp://api.example.org" }, "write an https:// URL"],
  ])("is refused where it is wrong, without the token: %j", async (cdn, message) => {
    const cwd = await directoryWith("expunge.config.json", { cdn });
    const problems = (await problemsOf({ EXPUNGE_CDN_API_TOKEN: TOKEN }, { cwd })).join("\n");
    expect(problems).toContain(message);
    expect(problems).not.toContain(TOKEN);
  });

  it("is refused without a token, and with one that no header can carry", async () => {
    const cwd = await directoryWith("expunge.config.json", { cdn: CDN });
    expect((await problemsOf({}, { cwd })).join()).toContain("EXPUNGE_CDN_API_TOKEN is missing");
    const problems = (await problemsOf({ EXPUNGE_CDN_API_TOKEN: "hunter2 x" }, { cwd })).join();
    expect(problems).toContain("no header can carry");
    expect(problems).not.toContain(TOKEN);
  });

  it("is missed where only its token is there: nothing would be purged", async () => {
    expect(await problemsOf({ EXPUNGE_CDN_API_TOKEN: TOKEN })).toEqual([
      "EXPUNGE_CDN_API_TOKEN is set, but the config file has no 'cdn' to use it.",
    ]);
  });
});
