import type { Dialect } from "../../wire/dialects.ts";
import { WireServer } from "../../wire/server.ts";
import type { FaultSuite } from "./suite.ts";

/** Far longer than any answer takes here. */
const HANG_MS = 2000;

/** The table on a server of our own, that speaks like this store. */
export function wireSuite(name: string, dialect: Dialect): FaultSuite {
  return {
    name: `${name} on the wire`,
    differences: { completesAgain: dialect.completesAgain },
    start: async () => {
      const server = await WireServer.start({ dialect });
      const buckets = { plain: "plain", versioned: "versioned" };
      server.makeBucket(buckets.plain);
      server.makeBucket(buckets.versioned, { versioning: "enabled" });
      const { endpoint, region, credentials, faults } = server;
      const address = { endpoint, region, ...credentials, other: null };
      return {
        faults,
        faulty: address,
        direct: address,
        buckets,
        hangMs: HANG_MS,
        [Symbol.asyncDispose]: () => server.stop(),
      };
    },
  };
}
