import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { beforeAll, expect, test } from "vitest";
import { BUCKET, useBucket } from "./bucket.ts";
import { expunge, temporaryDir } from "./harness.ts";

const serveBucket = useBucket();
const PAGE = resolve(import.meta.dirname, "../../docs/cli.md");
const schemas = new Map<string, object>();

beforeAll(async () => {
  const page = await readFile(PAGE, "utf8");
  for (const [, name = "", text = ""] of page.matchAll(/^```json schema=(\w+)\n(.*?)^```$/gms)) {
    schemas.set(name, JSON.parse(text) as object);
  }
});

/** What the page's schema says against what a command printed; null where it says nothing. */
function complaint(name: string, printed: string): string | null {
  const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true });
  const isFit = ajv.validate(schemas.get(name) ?? {}, JSON.parse(printed));
  return isFit ? null : ajv.errorsText();
}

test("the schemas of docs/cli.md are those of what is not in the API's document", () => {
  expect([...schemas.keys()]).toEqual(["error", "sweep", "doctor"]);
});

test("what a sweep prints fits its schema: of a plan, an end, residue and a refusal", async () => {
  const { server, env } = await serveBucket();
  const { store } = server.bucket(BUCKET);
  for (const key of ["p/1", "p/2"]) await store.put(key, new Uint8Array(5));
  store.failures.refuse = (key) =>
    key === "p/2"
      ? { result: "blocked", retryable: false, code: "object-locked", message: "locked" }
      : null;
  const cwd = await temporaryDir();
  const ends: number[] = [];
  for (const flags of [["--dry-run"], ["--yes"], ["--yes", "--exclude", "2"]]) {
    const argv = ["sweep", `s3://${BUCKET}/p/`, "--json", ...flags];
    const { code, stdout } = await expunge(argv, { cwd, env });
    expect(complaint("sweep", stdout), stdout).toBeNull();
    ends.push(code);
  }
  expect(ends).toEqual([0, 3, 0]);
  const refused = await expunge(["sweep", `s3://${BUCKET}/p/`, "--json"], { cwd, env });
  expect(complaint("error", refused.stdout)).toBeNull();
  expect(complaint("sweep", refused.stdout)).toContain("must have required property 'root'");
});

test("what doctor prints fits its schema, also where something is wrong", async () => {
  const dir = await temporaryDir();
  const fine = await expunge(["doctor", "--json"], { cwd: dir });
  const wrong = await expunge(["doctor", "--json"], {
    cwd: dir,
    env: { EXPUNGE_SIGNING_KEY: join(dir, "none.pem") },
  });
  for (const { stdout } of [fine, wrong]) expect(complaint("doctor", stdout)).toBeNull();
  expect([fine.code, wrong.code]).toEqual([0, 4]);
});
