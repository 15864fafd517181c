import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import { Rng } from "../simulation/random.ts";
import { injected, overSocket } from "./exchange.ts";
import { Generator } from "./generate.ts";
import { faultOf } from "./judge.ts";
import { described, type FuzzRequest } from "./request.ts";
import { MARK, World } from "./world.ts";

export interface FuzzRun {
  readonly requests: number;
  readonly seed: number;
  /** Which of them go over a socket, besides those that only a socket can carry. */
  readonly socketShare: number;
  /** What the service has logged. */
  readonly log: () => readonly string[];
}

export interface FuzzResult {
  readonly statuses: ReadonlyMap<number, number>;
  readonly routes: ReadonlySet<string>;
  /** Routes that were met with a success at least once. */
  readonly reached: ReadonlySet<string>;
  readonly overSocket: number;
}

const REFRESH_EVERY = 40;

/**
 * Sends that many requests and judges each answer: none of 5xx, none that hangs, what is refused is a
 * problem with a known code, nothing of a bystander changes, and no file's name comes into the log.
 * @throws Error with the request and how to replay it
 */
export async function fuzz(app: FastifyInstance, run: FuzzRun): Promise<FuzzResult> {
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const world = new World(app);
  await world.furnish();
  const generator = new Generator(world);
  const statuses = new Map<number, number>();
  const reached = new Set<string>();
  let sockets = 0;
  for (let i = 0; i < run.requests; i++) {
    // Each request has a seed of its own, so that it is the same whatever came before it.
    const rng = new Rng(run.seed + i);
    if (i % REFRESH_EVERY === 0) await world.refresh();
    const request = generator.request(rng);
    const bySocket = !request.isTidy || rng.chance(run.socketShare);
    const answer = await told(run, i, request, () =>
      bySocket ? overSocket(port, request) : injected(app, request),
    );
    if (bySocket) sockets++;
    if (answer === null) continue;
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    if (answer.status < 400) reached.add(request.route);
    const fault = faultOf(request, answer);
    if (fault !== null) throw failure(run, i, request, fault);
    if (answer.headers["content-type"]?.startsWith("application/json")) {
      world.learn(request.route, answer.body.toString("utf8"));
    }
  }
  await world.expectBystanderUntouched();
  expectQuietLog(run);
  const routes = generator.routes.map(({ method, path }) => `${method} ${path}`);
  return { statuses, routes: new Set(routes), reached, overSocket: sockets };
}

async function told<T>(
  run: FuzzRun,
  i: number,
  request: FuzzRequest,
  send: () => Promise<T>,
): Promise<T> {
  try {
    return await send();
  } catch (error) {
    throw failure(run, i, request, String(error));
  }
}

function failure({ seed }: FuzzRun, i: number, request: FuzzRequest, what: string): Error {
  const replay = `npm run fuzz -- --seed ${seed} --requests ${i + 1}`;
  return new Error(
    `${what}\nrequest ${i}, ${request.route}: ${described(request)}\nreplay: ${replay}`,
  );
}

/** One line of JSON each, no failure of ours among them, and no name of a file or project. */
function expectQuietLog(run: FuzzRun): void {
  for (const line of run.log()) {
    const { level } = JSON.parse(line) as { level?: string };
    if (level === "error" || level === "fatal") throw new Error(`logged: ${line}`);
    if (line.includes(MARK)) throw new Error(`a name came into the log: ${line}`);
  }
}
