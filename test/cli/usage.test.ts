import { expect, test } from "vitest";
import { expunge } from "./harness.ts";

test("an unknown command is wrong usage, with the nearest one named", async () => {
  const { code, stdout, stderr } = await expunge(["projct", "list"]);
  expect(code).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toContain("unknown command 'projct'; did you mean project?");
});

test("an unknown option is wrong usage, with the nearest one named", async () => {
  const { code, stderr } = await expunge(["project", "delete", "p1", "--dryrun"]);
  expect(code).toBe(2);
  expect(stderr).toContain("unknown option '--dryrun'; did you mean --dry-run?");
});

test.each([
  [["projct", "list"], "expunge"],
  [["project", "delte", "p1"], "expunge project"],
  [["project", "restore"], "expunge project restore"],
  [["--json", "deletion", "list", "--stat", "x"], "expunge deletion list"],
])("wrong usage of %j points at the help of what was meant", async (argv, command) => {
  const { stdout, stderr } = await expunge(argv);
  expect(stdout + stderr).toContain(`See '${command} --help'.`);
});

test("wrong usage with --json is an error document on standard output", async () => {
  const { code, stdout, stderr } = await expunge(["project", "restore", "--json"]);
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({
    error: { code: "invalid-request", message: "missing required argument 'id'" },
  });
  expect(stderr).toBe("");
});

test("a command that is missing its subcommand prints the help and is wrong usage", async () => {
  for (const argv of [[], ["project"]]) {
    const { code, stdout, stderr } = await expunge(argv);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain("Usage: expunge");
  }
});

test("help and version are asked for and so succeed", async () => {
  const help = await expunge(["project", "delete", "--help"]);
  expect(help.code).toBe(0);
  expect(help.stdout).toContain("--max-objects");
  expect(help.stdout).toContain("--json");
  const version = await expunge(["--version"]);
  expect(version).toMatchObject({ code: 0, stderr: "" });
  expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test("a value that an option cannot take is wrong usage", async () => {
  const { code, stderr } = await expunge(["project", "delete", "p1", "--max-objects", "many"]);
  expect(code).toBe(2);
  expect(stderr).toContain("Write a whole number.");
});

test("a misspelt setting ends a command that reads the configuration with exit code 2", async () => {
  const env = { EXPUNGE_S3_BUKET: "b" };
  const { code, stdout } = await expunge(["config", "--json"], { env });
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({
    error: {
      code: "invalid-config",
      message: "EXPUNGE_S3_BUKET is not known; did you mean EXPUNGE_S3_BUCKET?",
    },
  });
});

test("a command that is interrupted ends with 130", async () => {
  const interrupt = AbortSignal.abort("SIGINT");
  const { code } = await expunge(["config"], { interrupt });
  expect(code).toBe(130);
});

test("the demo plays in a directory of its own or in a bucket, and nowhere else", async () => {
  for (const store of ["file:/tmp/x", "s3:bucket", "gs://bucket"]) {
    const { code, stderr } = await expunge(["demo", "--store", store]);
    expect(code).toBe(2);
    expect(stderr).toContain("--store s3://BUCKET");
  }
});
