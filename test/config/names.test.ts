/** Defect 0 of the original: a misspelt setting (`r2_bucket_name`) that nobody read and nobody reported. */
import { describe, expect, it } from "vitest";
import { describeConfig, loadClientSettings, NAMES } from "../../src/config.ts";
import { flagOf } from "../../src/config/names.ts";
import { editDistance, nearest } from "../../src/core/nearest.ts";
import { directoryWith, load, NOWHERE, problemsOf, R2, REALISTIC_ENV } from "./help.ts";

describe("a misspelt setting", () => {
  it.each([
    ["EXPUNGE_S3_BUKET", "EXPUNGE_S3_BUCKET"],
    ["EXPUNGE_PROT", "EXPUNGE_PORT"],
    ["EXPUNGE_GRACE_PERIOD", "EXPUNGE_GRACE"],
    ["expunge_store", "EXPUNGE_STORE"],
    ["EXPUGE_STORE", "EXPUNGE_STORE"],
    ["EXPUNGESTORE", "EXPUNGE_STORE"],
    ["r2_bucket_name", "R2_BUCKET_NAME"],
    ["R2_BUCKT_NAME", "R2_BUCKET_NAME"],
    ["R2_BUKCET_NAME", "R2_BUCKET_NAME"],
    ["R2BUCKET_NAME", "R2_BUCKET_NAME"],
    ["R2_Account_Id", "R2_ACCOUNT_ID"],
    ["R2_SECRET_ACCES_KEY", "R2_SECRET_ACCESS_KEY"],
    ["R2_ENDPOINTS", "R2_ENDPOINT"],
    ["r2_jurisdicton", "R2_JURISDICTION"],
  ])("%s in the environment is refused and %s offered", async (name, known) => {
    expect(await problemsOf({ [name]: "x" })).toEqual([
      `${name} is not known; did you mean ${known}?`,
    ]);
  });

  it("is refused even when its value is empty", async () => {
    expect(await problemsOf({ EXPUNGE_S3_BUKET: "" })).toHaveLength(1);
  });

  it("is refused beside the right one, since one of them would be ignored", async () => {
    expect(await problemsOf({ ...R2, r2_bucket_name: "media" })).toEqual([
      "r2_bucket_name is not known; did you mean R2_BUCKET_NAME?",
    ]);
  });

  it.each([
    [{ stor: "file:x" }, "", "stor", "store"],
    [
      { layouts: [{ nam: "a", name: "a", template: "{project}/**" }] },
      "layouts[0] in ",
      "nam",
      "name",
    ],
    [
      { webhooks: [{ url: "https://a.example", secret: "s", sekret: "t" }] },
      "webhooks[0] in ",
      "sekret",
      "secret",
    ],
  ])("in the config file is refused at its place: %j", async (content, where, key, known) => {
    const cwd = await directoryWith("expunge.config.json", content);
    expect(await problemsOf({}, { cwd })).toEqual([
      `${where}${cwd}/expunge.config.json: ${key} is not known; did you mean ${known}?`,
    ]);
  });

  it("in a config file of TypeScript is refused as well", async () => {
    const cwd = await directoryWith(
      "expunge.config.ts",
      "export default { projectID: 'a' as string };",
    );
    expect(await problemsOf({}, { cwd })).toEqual([
      `${cwd}/expunge.config.ts: projectID is not known; did you mean projectId?`,
    ]);
  });

  it("stops the client of the command line too", () => {
    expect(() => loadClientSettings({ EXPUNGE_TOKN: "x" })).toThrow("did you mean EXPUNGE_TOKEN?");
  });

  it("does not hide another problem: all are listed at once", async () => {
    const cwd = await directoryWith("expunge.config.json", { stor: "file:x", cnd: {} });
    const problems = await problemsOf({ EXPUNGE_PORT: "abc", EXPUNGE_HOTS: "x" }, { cwd });
    expect(problems).toHaveLength(4);
    const refusal = load({ EXPUNGE_PORT: "abc", EXPUNGE_HOTS: "x" }, { cwd });
    await expect(refusal).rejects.toThrow(/^4 settings are wrong:\n- /);
    for (const problem of problems) await expect(refusal).rejects.toThrow(problem);
  });
});

describe("names that are not misspelt", () => {
  it("of a realistic environment are accepted and change nothing", async () => {
    const values = describeConfig(await load(REALISTIC_ENV));
    expect(values).toEqual(describeConfig(await load()));
    expect(values.every(({ source }) => source === "default")).toBe(true);
  });

  it("of this very process are accepted", async () => {
    const env = Object.fromEntries(
      Object.keys(process.env)
        .filter((name) => !/^(EXPUNGE|R2)_/.test(name))
        .map((name) => [name, "x"]),
    );
    await expect(load({ ...env, DATABASE_URL: "" })).resolves.toBeDefined();
  });

  it("of the tests and of the client are known everywhere", async () => {
    await load({
      EXPUNGE_TEST_DATABASE: "x",
      EXPUNGE_TEST_S3_ENDPOINT: "y",
      EXPUNGE_URL: "u",
      EXPUNGE_TOKEN: "t",
    });
    expect(
      loadClientSettings({ EXPUNGE_URL: "http://a.example/", EXPUNGE_TOKEN: "t", ...R2 }),
    ).toEqual({
      url: "http://a.example",
      token: "t",
    });
    expect(loadClientSettings({})).toEqual({ url: null, token: null });
  });

  it.each(Object.keys(NAMES))("the table's own name %s is never a misspelling", async (name) => {
    const problems = await load({ [name]: "x" }).then(
      () => "",
      (error: unknown) => String(error),
    );
    expect(problems).not.toContain("is not known");
  });

  it("are read from the environment of the process by default", async () => {
    process.env["EXPUNGE_TEST_ANYTHING"] = "x";
    process.env["EXPUNGE_HOTS"] = "x";
    try {
      const { loadConfig } = await import("../../src/config.ts");
      await expect(loadConfig({ cwd: NOWHERE })).rejects.toThrow("did you mean EXPUNGE_HOST?");
    } finally {
      delete process.env["EXPUNGE_TEST_ANYTHING"];
      delete process.env["EXPUNGE_HOTS"];
    }
  });
});

describe("the distance between names", () => {
  it.each([
    ["", "", 0],
    ["abc", "abc", 0],
    ["abc", "", 3],
    ["kitten", "sitting", 3],
    ["R2_BUKET", "R2_BUCKET", 1],
    ["ab", "ba", 2],
  ])("from '%s' to '%s' is %i", (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });

  it("ignores case when the nearest is looked for", () => {
    expect(nearest("STORE", ["grace", "store"])).toEqual({ name: "store", distance: 0 });
    expect(nearest("a", [])).toBeNull();
  });

  it("leads from a name to its flag", () => {
    expect(flagOf("EXPUNGE_DATA_DIR")).toBe("--data-dir");
  });
});
