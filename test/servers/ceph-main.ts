import { keepByHand } from "./by-hand.ts";
import { startCeph } from "./ceph.ts";

/** `node test/servers/ceph-main.ts` runs a real S3 server for tests, benchmarks and trying things out. */
const { endpoint, region, accessKeyId, secretAccessKey, other, stop } = await startCeph();
await keepByHand(
  {
    EXPUNGE_TEST_S3_ENDPOINT: endpoint,
    EXPUNGE_TEST_S3_REGION: region,
    EXPUNGE_TEST_S3_ACCESS_KEY_ID: accessKeyId,
    EXPUNGE_TEST_S3_SECRET_ACCESS_KEY: secretAccessKey,
    EXPUNGE_TEST_S3_OTHER_ACCESS_KEY_ID: other.accessKeyId,
    EXPUNGE_TEST_S3_OTHER_SECRET_ACCESS_KEY: other.secretAccessKey,
  },
  stop,
);
