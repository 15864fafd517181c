import { givenS3, type S3Address, startCeph } from "../../test/servers/ceph.ts";
import { firstLineOf } from "../machine.ts";

/** The S3 server that all tools work on. */
export interface Server extends AsyncDisposable {
  readonly address: S3Address;
  /** What it is, without secrets. */
  readonly name: string;
  readonly isOurs: boolean;
}

/** The one that the environment names, or Ceph on this machine. */
export async function openServer(): Promise<Server> {
  const given = givenS3(process.env);
  if (given !== null) {
    const name = `the S3 server at ${new URL(given.endpoint).host}`;
    return { address: given, name, isOurs: false, [Symbol.asyncDispose]: async () => {} };
  }
  const { stop, ...address } = await startCeph();
  const said = await firstLineOf(["radosgw", "--version"], process.env);
  const [, version = "of unknown version"] = /version (\S+)/.exec(said ?? "") ?? [];
  const name = `Ceph ${version} on this machine, objects in memory`;
  return { address, name, isOurs: true, [Symbol.asyncDispose]: stop };
}
