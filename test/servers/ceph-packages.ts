import { needPackages } from "./debian-packages.ts";

const PACKAGES = ["radosgw", "ceph-mon", "ceph-osd", "ceph-common"];
const PROGRAMS = ["radosgw", "radosgw-admin", "ceph-mon", "ceph-osd", "ceph", "monmaptool"];

/** Makes sure that Ceph's programs are there. @throws Error with what to do */
export async function needCephPackages(): Promise<void> {
  const purpose = "a real S3 server";
  await needPackages({ packages: PACKAGES, programs: PROGRAMS, purpose, instruction });
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
