import { setTimeout as sleep } from "node:timers/promises";
import { Rng } from "../simulation/random.ts";
import {
  inVain,
  cutReply,
  emptyReplyBody,
  entryErrors,
  errorIn200,
  falselyDeleted,
  late,
  leaveOut,
  listingFault,
  loseReply,
  malformedReply,
  proxyPage,
  refuse,
  refuseWith,
  silence,
  twice,
} from "../wire/fault-kinds.ts";
import type { Fault } from "../wire/fault.ts";
import type { Operation } from "../wire/operations.ts";
import type { WireServer } from "../wire/server.ts";

const LISTINGS: readonly Operation[] = [
  "ListObjectsV2",
  "ListObjectVersions",
  "ListMultipartUploads",
];

/** Faults of any request, each with the share of requests that it hits where all are as common. */
const ANY: readonly (readonly [rate: number, make: () => Fault])[] = [
  [0.03, () => refuseWith("InternalError")],
  [0.02, () => refuseWith("SlowDown")],
  [0.005, () => refuse(503, "SlowDown", { headers: { "retry-after": "1" } })],
  [0.01, () => refuseWith("TooManyRequests")],
  [0.01, () => proxyPage(502)],
  [0.005, () => proxyPage(200)],
  [0.02, () => loseReply("reset")],
  [0.01, () => loseReply("close")],
  [0.01, () => loseReply("hang")],
  [0.01, () => silence()],
  [0.02, () => cutReply("reset")],
  [0.005, () => cutReply("hang")],
  [0.03, () => twice()],
  [0.005, () => emptyReplyBody()],
  [0.005, () => malformedReply()],
  [0.01, () => errorIn200("InternalError")],
  [0.01, () => errorIn200("InternalError", { effect: true })],
];

export interface FaultMix {
  /** Nothing goes wrong any more; resolves when what was late has landed. */
  heal(): Promise<void>;
}

/**
 * A mix of faults of its own for each seed: some kinds are common in it, others do not happen
 * ("swarm testing"), so that no kind hides what another one alone brings about.
 */
export function plantFaults(server: WireServer, seed: number): FaultMix {
  const random = new Rng(seed);
  const landings: Promise<unknown>[] = [];
  const stopped = new AbortController();
  const plan = (
    operation: Operation | readonly Operation[] | "any",
    rate: number,
    make: () => Fault,
  ) => {
    const weight = random.pick([0, 0.5, 1, 2]);
    if (weight > 0) server.faults.plan({ operation, rate: rate * weight }, make);
  };
  const hits = (share: number) => (): boolean => random.chance(share);
  plan("DeleteObjects", 0.2, () => entryErrors("InternalError", hits(0.3)));
  plan("DeleteObjects", 0.1, () => entryErrors("SlowDown", hits(0.9)));
  plan("DeleteObjects", 0.1, () => leaveOut(hits(0.5), true));
  plan("DeleteObjects", 0.1, () => leaveOut(hits(0.5)));
  plan("DeleteObjects", 0.1, () => falselyDeleted(hits(0.3)));
  plan(["AbortMultipartUpload", "DeleteObject"], 0.2, () => inVain());
  plan(LISTINGS, 0.3, () => listingFault({ entriesMax: random.between(1, 9) }));
  plan("ListObjectsV2", 0.1, () => listingFault({ empty: true }));
  plan(LISTINGS, 0.03, () => listingFault({ withoutToken: true }));
  plan(LISTINGS, 0.02, () => listingFault({ foreignKey: "somebody/else" }));
  plan("any", 0.02, () => {
    const fault = late(
      sleep(random.between(1, 600), undefined, { signal: stopped.signal }).catch(() => undefined),
    );
    landings.push(fault.hasLanded);
    return fault;
  });
  for (const [rate, make] of ANY) plan("any", rate, make);
  return {
    heal: async () => {
      server.faults.clear();
      stopped.abort();
      await Promise.all(landings);
    },
  };
}
