import { glob } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** Says at the end of `npm run test:quick` what it did not run. */
const cwd = fileURLToPath(new URL("../..", import.meta.url));
const files: string[] = [];
for await (const file of glob("test/**/*.server.test.ts", { cwd })) files.push(file);
const lines = [
  `Not run, since they need a real PostgreSQL, S3 server or shell (${files.length} files):`,
  ...files.sort().map((file) => `  ${file}`),
  "'npm test' runs everything, 'npm run test:servers' these alone. They start what they need by",
  "themselves, but for Ceph, zsh and fish where these are not installed; CONTRIBUTING.md says more.",
];
process.stdout.write(`\n${lines.join("\n")}\n`);
