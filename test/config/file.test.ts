import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { describeConfig, type ConfigFile } from "../../src/config.ts";
import { directoryWith, load, problemsOf, WEBHOOK_SECRET } from "./help.ts";

const FULL = {
  store: "file:objects",
  database: "pglite:db",
  grace: "72h",
  settle: ["1h", "48h"],
  projectId: "proj_[0-9a-f]{12}",
  layouts: [{ name: "audio", template: "audio/{project}/**" }],
  webhooks: [
    { url: "https://hooks.example/abc", secret: WEBHOOK_SECRET, events: ["file.created"] },
  ],
  cdn: { kind: "cloudflare", zone: "0123456789abcdef0123456789abcdef", domain: "cdn.example.org" },
} as const satisfies ConfigFile;

describe("the config file", () => {
  it.each([
    ["expunge.config.json", JSON.stringify(FULL)],
    ["expunge.config.ts", `const file: object = ${JSON.stringify(FULL)};\nexport default file;`],
  ])("%s is found in the working directory and read whole", async (name, text) => {
    const cwd = await directoryWith(name, text);
    const config = await load({ EXPUNGE_CDN_API_TOKEN: "cdn-hunter2" }, { cwd });
    expect(config).toMatchObject({
      store: { kind: "file", dir: join(cwd, "objects") },
      database: { kind: "pglite", dir: join(cwd, "db") },
      graceMs: 259_200_000,
      settleMs: [3_600_000, 172_800_000],
      projectIdFormat: { prefix: "proj_", minLength: 12, maxLength: 12 },
      layouts: FULL.layouts,
      webhooks: FULL.webhooks,
      cdn: FULL.cdn,
    });
    expect(Object.isFrozen(config.layouts[0])).toBe(true);
  });

  it("goes behind the environment, and that behind a flag", async () => {
    const cwd = await directoryWith("expunge.config.json", { grace: "1h", settle: "2h" });
    const config = await load(
      { EXPUNGE_GRACE: "3h", EXPUNGE_PORT: "1" },
      { cwd, overrides: { EXPUNGE_PORT: "2" } },
    );
    expect([config.settleMs, config.graceMs, config.port]).toEqual([[7_200_000], 10_800_000, 2]);
    const path = join(cwd, "expunge.config.json");
    const told = describeConfig(config).filter(({ source }) => source !== "default");
    expect(told).toEqual([
      { name: "EXPUNGE_PORT", value: "2", source: "flag", origin: "--port" },
      { name: "EXPUNGE_GRACE", value: "3h", source: "environment", origin: "EXPUNGE_GRACE" },
      { name: "EXPUNGE_SETTLE", value: "2h", source: "file", origin: `settle in ${path}` },
    ]);
  });

  it("may lie elsewhere when EXPUNGE_CONFIG names it", async () => {
    const directory = await directoryWith("other.json", { grace: "1h", settle: [] });
    const config = await load({ EXPUNGE_CONFIG: join(directory, "other.json") });
    expect([config.graceMs, config.settleMs]).toEqual([3_600_000, []]);
    const relative = await load({ EXPUNGE_CONFIG: "other.json" }, { cwd: directory });
    expect(relative.graceMs).toBe(3_600_000);
  });

  it("may not be there twice", async () => {
    const cwd = await directoryWith("expunge.config.json", {});
    await writeFile(join(cwd, "expunge.config.ts"), "export default {};");
    expect((await problemsOf({}, { cwd }))[0]).toContain("are both there; remove one");
  });

  it.each<[unknown, string]>([
    [{ grace: 5 }, "grace in "],
    [{ grace: "5" }, "grace in "],
    [{ projectId: "proj_*" }, "projectId 'proj_*' cannot be used"],
    [{ settle: 5 }, "settle in "],
    [{ layouts: {} }, "layouts in "],
    [{ layouts: [{ name: "A B", template: "{project}" }] }, "layouts[0].name in "],
    [{ layouts: [{ name: "a" }] }, "layouts[0].template in "],
    [
      {
        layouts: [
          { name: "a", template: "x/{project}" },
          { name: "a", template: "y/{project}" },
        ],
      },
      "Two layouts are named 'a'",
    ],
    [{ webhooks: [{ url: "hooks.example", secret: "s" }] }, "webhooks[0].url in "],
    [{ webhooks: [{ url: "https://hooks.example" }] }, "webhooks[0].secret in "],
    [{ cdn: [] }, "cdn in "],
    [[], "the default value in "],
    ["{", "is not JSON; look at line 1"],
  ])("is refused where it is wrong: %j", async (content, message) => {
    const cwd = await directoryWith("expunge.config.json", content);
    const problems = await problemsOf({}, { cwd });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
  });

  it.each([
    ["export const a = 1;", "has no default export"],
    ["export default {", "cannot be loaded"],
    ["throw new Error('out of order');", "cannot be loaded: out of order"],
  ])("of TypeScript is refused when it is %j", async (text, message) => {
    const cwd = await directoryWith("expunge.config.ts", text);
    expect((await problemsOf({}, { cwd }))[0]).toContain(message);
  });
});
