import { LIMITS } from "../../core/limits.ts";
import type { Lack } from "../../core/store-lacks.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Provider } from "./rules.ts";

export interface S3StoreOptions {
  readonly bucket: string;
  /** Empty, or ending in `/`: what lies beside it is neither seen nor touched. */
  readonly prefix?: string;
  /** Absent: AWS. */
  readonly endpoint?: string;
  readonly region: string;
  /** Both or none; none: AWS's own chain of sources. */
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  /** The bucket in the path and not in the host's name; absent: where an endpoint is given. */
  readonly forcePathStyle?: boolean;
  /** Dates the signatures, and says when what was probed is to be probed again. */
  readonly clock: Pick<Clock, "now">;
  /** Absent: told by the endpoint's host. */
  readonly provider?: Provider;
  /** What the store is declared to lack: that is not asked for. */
  readonly without?: readonly Lack[];
  /** Other timeouts than the defaults, for tests. */
  readonly timeouts?: Partial<S3Timeouts>;
}

export interface S3Timeouts {
  /** Until one of the bounded number of sockets is free. */
  readonly socketWaitMs: number;
  /** Until a new connection stands, name lookup and TLS included. */
  readonly connectMs: number;
  /** A whole small call; of a large one, from its last byte sent until its reply is there. */
  readonly callMs: number;
  /** What makes the store itself move bytes: completing an upload, copying a part. */
  readonly longCallMs: number;
  /** No byte goes to the store, or comes from it, though this side is ready for it. */
  readonly idleMs: number;
  /** A body that its reader leaves alone gives up its socket. */
  readonly unreadMs: number;
}

export const TIMEOUTS: S3Timeouts = {
  socketWaitMs: LIMITS.s3SocketWaitMs,
  connectMs: LIMITS.s3ConnectTimeoutMs,
  callMs: LIMITS.s3CallTimeoutMs,
  longCallMs: LIMITS.s3LongCallTimeoutMs,
  idleMs: LIMITS.s3IdleTimeoutMs,
  unreadMs: LIMITS.s3UnreadTimeoutMs,
};
