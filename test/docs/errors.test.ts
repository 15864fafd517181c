import { describe, expect, it } from "vitest";
import { exitCodeOf } from "../../src/cli/exit-codes.ts";
import { type ErrorCode, ERRORS } from "../../src/core/errors.ts";
import { HTTP_ERRORS, type HttpErrorCode, STATUS } from "../../src/http/problem.ts";

const HEAD = `# Errors

Every failure that expunge reports has a stable code. Over HTTP it is the \`code\` of an
\`application/problem+json\` answer (RFC 9457); on the command line it stands behind the message, and with
\`--json\` in \`error.code\`. \`remedy\` says what to do, as here.

This table is made from the catalogue in \`core/errors.ts\`; a test keeps it so
(\`npx vitest run test/docs -u\` writes it anew).

| code | HTTP | exit | what to do |
| --- | --- | --- | --- |
`;

describe("docs/errors.md", () => {
  it("lists every code with its status, exit code and remedy, and none else", async () => {
    const rows = Object.entries(ERRORS).map(([name, remedy]) => {
      const code = name as ErrorCode;
      return `| \`${code}\` | ${STATUS[code]} | ${exitCodeOf(code)} | ${remedy} |`;
    });
    for (const [name, remedy] of Object.entries(HTTP_ERRORS)) {
      rows.push(`| \`${name}\` | ${STATUS[name as HttpErrorCode]} | | ${remedy} |`);
    }
    await expect(`${HEAD}${rows.join("\n")}\n`).toMatchFileSnapshot("../../docs/errors.md");
  });
});
