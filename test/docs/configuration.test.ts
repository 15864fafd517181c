import { describe, expect, it } from "vitest";
import { NAMES } from "../../src/config.ts";

const HEAD = `# Configuration

From the environment, or for structured settings from \`expunge.config.json\` or \`expunge.config.ts\` in the
working directory (\`EXPUNGE_CONFIG\` names another). Flags of \`expunge serve\` come before the environment,
that before the file, that before the defaults. \`expunge config\` prints the effective values, secrets
redacted, and where each came from.

**An unknown name stops the start** with exit code 2 and the nearest known one: \`EXPUNGE_S3_BUKET\` is not
silently ignored, and neither is \`r2_bucket_name\` where \`R2_BUCKET_NAME\` was meant. Empty values count as
not set. Durations are a whole number and a unit: \`500ms\`, \`30s\`, \`5m\`, \`72h\`, \`14d\`.

Keys of the config file: \`store\`, \`database\`, \`grace\`, \`settle\` (as the names below), \`projectId\` and
\`layouts\` ([layouts.md](layouts.md)), \`webhooks\` ([webhooks.md](webhooks.md)), \`cdn\` ([cdn.md](cdn.md)). Users' tokens need all three of their settings ([SECURITY.md](../SECURITY.md)). Stores: [stores.md](stores.md), [r2.md](r2.md).

| name | default | meaning |
| --- | --- | --- |
`;

describe("docs/configuration.md", () => {
  it("lists every known name with its default and meaning", async () => {
    const rows = Object.entries(NAMES).map(([name, info]) => {
      const byDefault = info.default === null ? "" : `\`${info.default}\``;
      const note = info.secret ? " (secret)" : "";
      return `| \`${name}\` | ${byDefault} | ${info.meaning}${note} |`;
    });
    await expect(`${HEAD}${rows.join("\n")}\n`).toMatchFileSnapshot("../../docs/configuration.md");
  });
});
