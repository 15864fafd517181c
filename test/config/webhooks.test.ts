import { describe, expect, it } from "vitest";
import { WEBHOOK_EVENT_TYPES } from "../../src/core/webhooks.ts";
import { directoryWith, load, problemsOf, WEBHOOK_SECRET } from "./help.ts";

const URL = "https://hooks.example/abc";

describe("webhooks in the config file", () => {
  it("take their secret from a variable, and every event where none is named", async () => {
    const cwd = await directoryWith("expunge.config.json", {
      webhooks: [
        { url: URL, secret: { env: "MY_SECRET" } },
        { url: `${URL}/2`, secret: WEBHOOK_SECRET, events: ["project.deleted"] },
      ],
    });
    const config = await load({ MY_SECRET: ` ${WEBHOOK_SECRET} ` }, { cwd });
    expect(config.webhooks).toEqual([
      { url: URL, secret: WEBHOOK_SECRET, events: WEBHOOK_EVENT_TYPES },
      { url: `${URL}/2`, secret: WEBHOOK_SECRET, events: ["project.deleted"] },
    ]);
  });

  it("may go over http where private addresses are allowed", async () => {
    const webhooks = [{ url: "http://127.0.0.1:9/hook", secret: WEBHOOK_SECRET }];
    const cwd = await directoryWith("expunge.config.json", { webhooks });
    expect(await problemsOf({}, { cwd })).toEqual([expect.stringContaining("is not https")]);
    const config = await load({ EXPUNGE_WEBHOOKS_ALLOW_PRIVATE: "true" }, { cwd });
    expect(config.webhooks).toHaveLength(1);
    expect(config.webhooksAllowPrivate).toBe(true);
  });

  it.each([
    [[{ url: URL, secret: { env: "NOT_SET" } }], "'NOT_SET', which is not set"],
    [[{ url: URL, secret: "whsec_c2hvcnQ=" }], "24 to 64 bytes in base64"],
    [[{ url: URL, secret: `whsec_${"A".repeat(100)}` }], "24 to 64 bytes in base64"],
    [[{ url: URL, secret: "whsec_not base64" }], "24 to 64 bytes in base64"],
    [[{ url: "https://u:p@hooks.example/", secret: WEBHOOK_SECRET }], "holds a user name"],
    [[{ url: URL, secret: WEBHOOK_SECRET, events: ["file.made"] }], "'project.deleted'"],
    [[{ url: URL, secret: WEBHOOK_SECRET, events: [] }], "one event at least"],
    [[1, 2].map(() => ({ url: URL, secret: WEBHOOK_SECRET })), "is there twice"],
  ])("are refused where they are wrong, without the secret: %j", async (webhooks, message) => {
    const cwd = await directoryWith("expunge.config.json", { webhooks });
    const problems = await problemsOf({}, { cwd });
    expect(problems).toEqual([expect.stringContaining(message)]);
    expect(problems.join()).not.toMatch(/c2hvcnQ|AAAA|not base64|hunter/);
  });
});
