import { once } from "node:events";
import { startCeph } from "./ceph.ts";

/**
 * `node test/servers/ceph-main.ts` runs a real S3 server by hand. It prints what tests and benchmarks
 * need to find it, as lines for a shell, and ends at Ctrl-C or when its stdin does.
 */
const ceph = await startCeph();
const { endpoint, region, accessKeyId, secretAccessKey, other } = ceph;
const lines = {
  ENDPOINT: endpoint,
  REGION: region,
  ACCESS_KEY_ID: accessKeyId,
  SECRET_ACCESS_KEY: secretAccessKey,
  OTHER_ACCESS_KEY_ID: other.accessKeyId,
  OTHER_SECRET_ACCESS_KEY: other.secretAccessKey,
};
for (const [name, value] of Object.entries(lines)) {
  process.stdout.write(`EXPUNGE_TEST_S3_${name}=${value}\n`);
}
process.stdin.resume();
await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM"), once(process.stdin, "end")]);
await ceph.stop();
process.stdin.unref();
