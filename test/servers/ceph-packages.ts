import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";

const PACKAGES = ["radosgw", "ceph-mon", "ceph-osd", "ceph-common"];
const PROGRAMS = ["radosgw", "radosgw-admin", "ceph-mon", "ceph-osd", "ceph", "monmaptool"];

/**
 * Makes sure that Ceph's programs are there: as root on Debian they are installed, which is said on
 * stderr. @throws Error with what to do, elsewhere
 */
export async function needCephPackages(): Promise<void> {
  const missing = await missingPrograms();
  if (missing.length === 0) return;
  const mayInstall = process.getuid?.() === 0 && existsSync("/etc/debian_version");
  if (!mayInstall) throw new Error(instruction(`not found: ${missing.join(", ")}`));
  process.stderr.write(`The tests need a real S3 server: installing ${PACKAGES.join(" ")}\n`);
  await apt("update", "-q");
  await apt("install", "-q", "-y", "--no-install-recommends", ...PACKAGES);
  const still = await missingPrograms();
  if (still.length > 0) throw new Error(instruction(`not installed: ${still.join(", ")}`));
}

async function missingPrograms(): Promise<readonly string[]> {
  const found = await Promise.all(PROGRAMS.map(isInstalled));
  return PROGRAMS.filter((_, i) => found[i] !== true);
}

async function isInstalled(program: string): Promise<boolean> {
  for (const dir of (process.env["PATH"] ?? "").split(delimiter)) {
    try {
      await access(join(dir, program), constants.X_OK);
      return true;
    } catch {
      // In another directory, or in none.
    }
  }
  return false;
}

async function apt(...args: readonly string[]): Promise<void> {
  const child = spawn("apt-get", args, {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    // Its progress belongs to those who read along; stdout may be somebody's input.
    stdio: ["ignore", process.stderr, process.stderr],
  });
  // What it cannot be started for.
  child.once("error", (error) => process.stderr.write(`apt-get: ${error.message}\n`));
  await once(child, "close");
  if (child.exitCode !== 0) {
    throw new Error(instruction(`apt-get ${args[0] ?? ""} ended with ${child.exitCode}`));
  }
}

function instruction(why: string): string {
  return [
    `Ceph cannot be started for the tests that need a real S3 server (${why}). Do one of these:`,
    `- on Debian, as root: apt-get install --no-install-recommends ${PACKAGES.join(" ")}`,
    "- use a server of yours: set EXPUNGE_TEST_S3_ENDPOINT, EXPUNGE_TEST_S3_ACCESS_KEY_ID and",
    "  EXPUNGE_TEST_S3_SECRET_ACCESS_KEY, where it needs it _REGION, and of a user without rights",
    "  EXPUNGE_TEST_S3_OTHER_ACCESS_KEY_ID and EXPUNGE_TEST_S3_OTHER_SECRET_ACCESS_KEY",
    "- leave these tests out: npm run test:quick",
  ].join("\n");
}
