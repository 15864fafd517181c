import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parseLog, reportOf } from "../reliability/report.ts";

const HEAD = `# Reliability

What long runs have shown. Every figure here is summed from the logs in \`docs/reliability/\`, to which
\`npm run simulate\` and \`npm run crash\` append with \`--record\`; a test keeps this page so
(\`npx vitest run test/docs -u\` writes it anew).

A figure here is no proof: no failure in N independent runs bounds its rate by 3/N at 95 %, for schedules
of this model of faults on this code, and says nothing of faults that the model lacks.

## Simulated schedules

The real core and services on the in-memory adapters, in virtual time: calls that are refused, lost, late
or doubled, processes that are killed and paused, clocks that are wrong, databases that are restored.
Every effect is held against the invariants. \`npm run simulate -- --seeds N --record --resume\`.

`;

const PROCESSES = `
## Real processes

PostgreSQL, an S3 server and several processes of the service, struck in the midst of deletions; what
clients were told is then held against bucket and rows by a checker of its own.
\`npm run crash -- --runs N --record --resume\`.

`;

function logOf(name: string): ReturnType<typeof parseLog> {
  const path = fileURLToPath(new URL(`../../docs/reliability/${name}`, import.meta.url));
  return existsSync(path) ? parseLog(readFileSync(path, "utf8")) : [];
}

describe("docs/reliability.md", () => {
  it("states what the logs of long runs say, and nothing else", async () => {
    const simulated = reportOf(logOf("simulations.ndjson"), "seeds");
    const real = reportOf(logOf("crashes.ndjson"), "runs");
    const page = `${HEAD}${simulated}${PROCESSES}${real}`;
    await expect(page).toMatchFileSnapshot("../../docs/reliability.md");
  });
});
