import { FaultProxy } from "../../servers/fault-proxy/proxy.ts";
import { s3Server } from "../../servers/given.ts";
import { S3Bucket } from "../../support/s3-bucket.ts";
import type { FaultySubject } from "./meeting.ts";

/** Far longer than Ceph takes for a small request, also on a busy machine. */
const HANG_MS = 1200;

/** Ceph behind the fault proxy, with buckets of its own. */
export async function cephSubject(): Promise<FaultySubject & AsyncDisposable> {
  const proxy = await FaultProxy.start(s3Server());
  const plain = await S3Bucket.create(s3Server());
  const versioned = await S3Bucket.create(s3Server(), { versioned: true });
  return {
    faults: proxy.faults,
    faulty: proxy.address,
    direct: s3Server(),
    buckets: { plain: plain.name, versioned: versioned.name },
    hangMs: HANG_MS,
    [Symbol.asyncDispose]: async () => {
      await proxy.stop();
      await plain[Symbol.asyncDispose]();
      await versioned[Symbol.asyncDispose]();
    },
  };
}

/** The same buckets behind a proxy that nobody else plants faults on: for tests beside each other. */
export async function withOwnFaults(
  subject: FaultySubject,
): Promise<FaultySubject & AsyncDisposable> {
  const proxy = await FaultProxy.start(subject.direct);
  return {
    ...subject,
    faults: proxy.faults,
    faulty: proxy.address,
    [Symbol.asyncDispose]: async () => await proxy.stop(),
  };
}
