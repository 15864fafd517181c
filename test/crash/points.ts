import { closeSync, openSync, writeSync } from "node:fs";
import { FilesystemObjectStore } from "../../src/adapters/filesystem/object-store.ts";
import { PostgresMetadataStore } from "../../src/adapters/postgres/metadata-store.ts";
import { S3ObjectStore } from "../../src/adapters/s3/object-store.ts";
import { type Arming, nameOf, type Point, POINTS } from "./point-table.ts";

/**
 * Loaded with `--import` before a service under test: it can be told, over its channel, to strike
 * itself at a named call of its stores. Nothing in `src` knows of it. A name that does not exist keeps
 * the service from starting.
 */
type Method = (this: unknown, ...args: unknown[]) => Promise<unknown>;

const PROTOTYPES: Readonly<Record<Point["target"], readonly object[]>> = {
  metadata: [PostgresMetadataStore.prototype],
  store: [S3ObjectStore.prototype, FilesystemObjectStore.prototype],
};

let armed: Arming | null = null;
let calls = 0;

for (const point of POINTS) {
  for (const prototype of PROTOTYPES[point.target]) wrap(point, prototype);
}

process.on("message", (message: { readonly arm: Arming | null }) => {
  armed = message.arm;
  calls = 0;
  process.send?.({ armed: armed !== null });
});
// Its end is that of who started it, however that came.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
process.channel?.unref();

function wrap(point: Point, prototype: object): void {
  const owner = ownerOf(point, prototype);
  const original = Reflect.get(owner, point.method) as Method;
  const wrapped: Method = async function (...args) {
    const struck = counts(point);
    if (struck?.when === "before") strike(struck);
    const result = await original.apply(this, args);
    if (struck?.when === "after") strike(struck);
    return result;
  };
  Object.defineProperty(owner, point.method, { value: wrapped });
}

function ownerOf(point: Point, prototype: object): object {
  let owner: object | null = prototype;
  while (owner !== null && !Object.hasOwn(owner, point.method)) {
    owner = Reflect.getPrototypeOf(owner);
  }
  if (owner === null || owner === Object.prototype) {
    throw new Error(`there is no crash point ${nameOf(point)}: it was renamed or removed`);
  }
  return owner;
}

function counts({ target, method }: Point): Arming | null {
  if (armed?.target !== target || armed.method !== method) return null;
  calls++;
  return calls === armed.nth ? armed : null;
}

/** Only one of the processes may: the other one has to carry on. */
function strike({ signal, claim }: Arming): void {
  armed = null;
  try {
    const file = openSync(claim, "wx");
    writeSync(file, String(process.pid));
    closeSync(file);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return;
    throw error;
  }
  process.kill(process.pid, signal);
}
