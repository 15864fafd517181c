import { describe, expect, it } from "vitest";
import { formatDuration } from "../../src/core/duration.ts";
import { LIMITS } from "../../src/core/limits.ts";

const HEAD = `# Limits of the HTTP face

What a request may be, and what becomes of one that is more. The limits stand in \`core/limits.ts\`; this
page is made from them (\`npx vitest run test/docs -u\` writes it anew). What one caller may ask for in a
minute or an hour is a setting: [configuration.md](configuration.md).

| limit | value | beyond it |
| --- | --- | --- |
`;

type Name = keyof typeof LIMITS;

/** Of each its meaning, and what is answered; the values come from the code. */
const ROWS: readonly (readonly [Name, string, string])[] = [
  ["httpConnectionsMax", "connections of one process", "closed as they come, and logged"],
  ["httpHeadersBytesMax", "request line and headers", "431 `headers-too-large`"],
  ["httpHeadersMax", "number of headers", "431 `headers-too-large`"],
  ["httpParamCharsMax", "characters of one part of a path", "431 `headers-too-large`"],
  ["pathBytesMax", "a file's path", "400 `invalid-path`"],
  ["bodyBytesMax", "a JSON body", "413 `request-too-large`"],
  ["jsonDepthMax", "levels of a JSON body", "400 `invalid-request`"],
  ["metadataBytesMax", "metadata of a project or upload, as JSON", "400 `invalid-request`"],
  ["fileBytesMax", "a file", "413 `file-too-large`"],
  ["lifeMaxMs", "`ttlSeconds` of a project or token", "400 `invalid-request`"],
  ["httpHeadersTimeoutMs", "until the headers are there", "408 `request-timeout`, closed"],
  ["httpJsonBodyTimeoutMs", "until a JSON body is there", "408 `request-timeout`, closed"],
  ["httpBodyIdleMs", "a file's body without a byte", "408 `request-timeout`, closed"],
  ["httpRequestTimeoutMs", "a whole request, body included", "408 `request-timeout`, closed"],
  ["httpBodyDrainMs", "the rest of a refused body is read", "closed"],
  ["httpSocketIdleMs", "a connection on which nothing moves", "closed"],
];

function valueOf(name: Name): string {
  const value = LIMITS[name];
  if (name.endsWith("Ms")) return formatDuration(value);
  if (!name.endsWith("BytesMax")) return value.toLocaleString("en");
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.floor(Math.log2(value) / 10);
  return `${value / 1024 ** power} ${units[power]}`;
}

describe("docs/limits.md", () => {
  it("lists the limits of requests with their values", async () => {
    const lines = ROWS.map(
      ([name, what, beyond]) => `| ${what} (\`${name}\`) | ${valueOf(name)} | ${beyond} |`,
    );
    await expect(`${HEAD}${lines.join("\n")}\n`).toMatchFileSnapshot("../../docs/limits.md");
  });
});
