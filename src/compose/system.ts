import { SystemClock } from "../adapters/system-clock.ts";
import { SystemRandom } from "../adapters/system-random.ts";
import type { Clock, Random } from "../ports/clock.ts";

export const systemClock: Clock = new SystemClock();
export const systemRandom: Random = new SystemRandom();
