import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCli, ServiceProcess, temporaryDir } from "../support/service-process.ts";

describe("starting the service", () => {
  it.for([
    ["EXPUNGE_S3_BUKET", "EXPUNGE_S3_BUCKET"],
    ["r2_bucket_name", "R2_BUCKET_NAME"],
  ] as const)(
    "stops at the misspelt setting %s and names the right one",
    async ([wrong, right]) => {
      await using dir = await temporaryDir();
      const args = ["serve", "--port", "0", "--data-dir", join(dir.path, "data")];
      const { code, stderr, stdout } = await runCli(args, { env: { [wrong]: "x" } });
      expect(code).toBe(2);
      expect(stdout).toBe("");
      expect(stderr).toContain(wrong);
      expect(stderr).toContain(right);
    },
  );

  it("stops at a misspelt key of the config file and names the right one", async () => {
    await using dir = await temporaryDir();
    await writeFile(join(dir.path, "expunge.config.json"), JSON.stringify({ layout: [] }));
    const args = ["serve", "--port", "0", "--data-dir", join(dir.path, "data")];
    const { code, stderr } = await runCli(args, { cwd: dir.path });
    expect(code).toBe(2);
    expect(stderr).toContain("did you mean layouts?");
  });

  it("stops at layouts that give one key to two projects, with the key as the reason", async () => {
    await using dir = await temporaryDir();
    const layouts = [{ name: "flat", template: "proj_{project}_*" }];
    await writeFile(join(dir.path, "expunge.config.json"), JSON.stringify({ layouts }));
    const args = ["serve", "--port", "0", "--data-dir", join(dir.path, "data")];
    const { code, stderr } = await runCli(args, { cwd: dir.path });
    expect(code).toBe(2);
    expect(stderr).toMatch(/The key 'proj_\S+' belongs to/);
  });

  it("finds everything again after it was stopped, and after it was killed", async () => {
    await using dir = await temporaryDir();
    const dataDir = join(dir.path, "data");
    let service = await ServiceProcess.start(dataDir);
    await service.json("POST", "/v1/projects", { json: { id: "p1" }, status: 201 });
    await service.request("PUT", "/v1/projects/p1/files/a.txt", { body: "hello" });
    expect(await service.stop()).toBe(0);
    service = await ServiceProcess.start(dataDir);
    const read = await service.request("GET", "/v1/projects/p1/files/a.txt");
    expect(await read.text()).toBe("hello");
    await service.kill();
    service = await ServiceProcess.start(dataDir);
    const again = await service.request("GET", "/v1/projects/p1/files/a.txt");
    expect(await again.text()).toBe("hello");
    await service.stop();
  });

  it("refuses a data directory that another process holds", async () => {
    await using dir = await temporaryDir();
    const dataDir = join(dir.path, "data");
    const service = await ServiceProcess.start(dataDir);
    const { code, stderr } = await runCli(["serve", "--port", "0", "--data-dir", dataDir]);
    expect(code).toBe(2);
    expect(stderr).toContain("data-dir-locked");
    await service.json("POST", "/v1/projects", { json: {}, status: 201 });
    await service.stop();
  });
});
