import { describe, expect, it } from "vitest";
import { exitCodeOf } from "../../src/cli/exit-codes.ts";
import { DATABASE_ERRORS } from "../../src/core/database-errors.ts";
import { type ErrorCode, ERRORS } from "../../src/core/errors.ts";
import { STORE_REMEDIES } from "../../src/core/store-remedies.ts";
import { HTTP_ERRORS, type HttpErrorCode, STATUS } from "../../src/http/problem.ts";

const HEAD = `# Errors

Every failure that expunge reports has a stable code. Over HTTP it is the \`code\` of an
\`application/problem+json\` answer (RFC 9457); on the command line it stands behind the message, and with
\`--json\` in \`error.code\`. \`remedy\` says what to do, as here.

These tables are made from the catalogues in \`core/errors.ts\`, \`core/store-remedies.ts\` and
\`core/database-errors.ts\`; a test keeps them so (\`npx vitest run test/docs -u\` writes them anew).
`;

const STORE_HEAD = `## What a store says

The \`code\` of residue and of a blocked deletion, and \`storeCode\` of a problem whose \`code\` is
\`store-unavailable\` or \`store-not-listable\`. Adapters translate the store's own codes into these.
`;

const DATABASE_HEAD = `## What a database says

\`databaseCode\` of a problem whose \`code\` is \`database-unavailable\`. All of it may pass;
\`effectUnknown\` says whether the request may have taken effect all the same.
`;

function table(titles: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const lines = [titles, titles.map(() => "---"), ...rows];
  return `${lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}\n`.replaceAll(
    "|  |",
    "| |",
  );
}

function codeRows(catalogue: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(catalogue).map(([code, text]) => [`\`${code}\``, text]);
}

describe("docs/errors.md", () => {
  it("lists every code with its status, exit code and remedy, and none else", async () => {
    const own = codeRows(ERRORS).map(([cell, remedy]) => {
      const code = cell.replaceAll("`", "") as ErrorCode;
      return [cell, STATUS[code], exitCodeOf(code), remedy];
    });
    const ofHttp = codeRows(HTTP_ERRORS).map(([cell, remedy]) => {
      const code = cell.replaceAll("`", "") as HttpErrorCode;
      return [cell, STATUS[code], "", remedy];
    });
    const page = [
      HEAD,
      table(["code", "HTTP", "exit", "what to do"], [...own, ...ofHttp]),
      STORE_HEAD,
      table(["code", "what to do"], codeRows(STORE_REMEDIES)),
      DATABASE_HEAD,
      table(["code", "meaning"], codeRows(DATABASE_ERRORS)),
    ];
    await expect(page.join("\n")).toMatchFileSnapshot("../../docs/errors.md");
  });
});
