import { describe, expect, it } from "vitest";
import { BY_STATUS, CODES } from "../../src/adapters/s3/error-table.ts";
import { STORE_REMEDIES } from "../../src/core/store-remedies.ts";

const HEAD = `# What an S3 store's replies are taken for

One table in \`adapters/s3/error-table.ts\` says of each of S3's codes what it means, from which follows what
is done:

- **retryable**: the same call is repeated with growing, jittered pauses, or after \`Retry-After\`; a key of
  which it is the last word is \`unknown\`
- **blocked**: refused until somebody changes something; the deletion is blocked and tried again slowly
- **permanent**: never succeeds as asked; a batch is split down to single keys to find the one that is meant
- **unknown**: nothing is concluded. A code that is not listed here is \`unlisted-reply\`, unknown, and never
  taken for success or for something that is gone

Words decide where a code does not: a denial that speaks of a lock, a legal hold or retention is
\`object-locked\`. These tables are made from the code; a test keeps them so
(\`npx vitest run test/docs -u\` writes them anew).
`;

type Row = readonly string[];

function table(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

describe("docs/store-errors.md", () => {
  it("lists every code and status with its meaning, class and source, and what can be done", async () => {
    const codes = Object.entries(CODES).map(([name, { meaning, sources }]) => {
      const [code, errorClass] = meaning;
      return [`\`${name}\``, `\`${code}\``, errorClass, sources.join(", ")];
    });
    const statuses = Object.entries(BY_STATUS).map(([status, [code, errorClass]]) => {
      return [status, `\`${code}\``, errorClass];
    });
    const remedies = Object.entries(STORE_REMEDIES).map(([code, remedy]) => [
      `\`${code}\``,
      remedy,
    ]);
    const parts = [
      HEAD,
      "## Codes\n",
      table(["S3's code", "here", "class", "documented by"], codes),
      "\n## Statuses of replies without a code\n",
      "Of a page that is not S3's only 408, 429 and those from 500 on say anything (RFC 9110, section 15).\n",
      table(["status", "here", "class"], statuses),
      "\n## What to do\n",
      table(["code", "remedy"], remedies),
    ];
    await expect(`${parts.join("\n")}\n`).toMatchFileSnapshot("../../docs/store-errors.md");
  });
});
