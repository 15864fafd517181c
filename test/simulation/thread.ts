import { parentPort, workerData } from "node:worker_threads";
import { loadChanged, type SourceChange } from "./source-change.ts";

/** What a thread is started with. */
export interface ThreadData {
  readonly change: SourceChange | null;
  readonly portMutant: string | null;
}

// Errors are made by the million and thrown away: their stacks would cost more than all else.
Error.stackTraceLimit = 0;

const { change, portMutant } = workerData as ThreadData;
const isLoaded = change ? loadChanged(change) : () => true;
// Loaded only now, so that the change is in it.
const { serve } = await import("./serving.ts");
if (!isLoaded()) throw new Error(`nothing loads ${change?.file ?? "?"}`);
if (parentPort) serve(parentPort, portMutant);
