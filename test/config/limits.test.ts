import { expect, test } from "vitest";
import { describeConfig } from "../../src/config.ts";
import { load, problemsOf } from "./help.ts";

test("limits are whole numbers, or off", async () => {
  const { limits, deletionsPerHour, minGraceMs } = await load({
    EXPUNGE_RATE_LIMIT: "10",
    EXPUNGE_ADDRESS_RATE_LIMIT: "off",
    EXPUNGE_AUTH_FAILURE_LIMIT: "1",
    EXPUNGE_DELETION_LIMIT: "off",
    EXPUNGE_MIN_GRACE: "72h",
  });
  expect({ ...limits, deletionsPerHour, minGraceMs }).toEqual({
    requestsPerMinute: 10,
    addressRequestsPerMinute: null,
    authFailuresPerMinute: 1,
    deletionsPerHour: null,
    minGraceMs: 259_200_000,
  });
});

test.each(["0", "-1", "1.5", "Off", "none", "9999999999"])(
  "a limit of %s is refused by its name",
  async (text) => {
    const [problem = ""] = await problemsOf({ EXPUNGE_DELETION_LIMIT: text });
    expect(problem).toContain("EXPUNGE_DELETION_LIMIT");
    expect(problem).toContain("'off'");
  },
);

test("trusted proxies are addresses and networks of both families", async () => {
  const { trustedProxies } = await load({
    EXPUNGE_TRUSTED_PROXIES: "127.0.0.1, 10.0.0.0/8,2001:db8::/32,::1",
  });
  expect(trustedProxies).toEqual(["127.0.0.1", "10.0.0.0/8", "2001:db8::/32", "::1"]);
});

test.each(["10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/8/8", "proxy.internal", "true"])(
  "%s is no proxy that could be trusted",
  async (text) => {
    const [problem = ""] = await problemsOf({ EXPUNGE_TRUSTED_PROXIES: `::1,${text}` });
    expect(problem).toContain(`EXPUNGE_TRUSTED_PROXIES has '${text}'`);
  },
);

test("the effective limits are told, those that are off as such", async () => {
  const config = await load({ EXPUNGE_RATE_LIMIT: "off", EXPUNGE_TRUSTED_PROXIES: "::1" });
  const told = new Map(describeConfig(config).map(({ name, value }) => [name, value]));
  expect(told.get("EXPUNGE_RATE_LIMIT")).toBe("off");
  expect(told.get("EXPUNGE_DELETION_LIMIT")).toBe("100");
  expect(told.get("EXPUNGE_TRUSTED_PROXIES")).toBe("::1");
});
