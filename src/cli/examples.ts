import type { Command } from "commander";

/** What a person may type, by the command that it is an example of; shown at the end of its help. */
export const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  serve: ["serve", "serve --port 8080 --store s3://my-bucket --role api"],
  demo: ["demo", "demo --store s3://my-bucket/demo"],
  doctor: ["doctor", "doctor --json", "doctor --url https://files.example.com"],
  config: ["config"],
  "project create": ["project create --name Holiday --ttl 86400"],
  "project list": ["project list --state trashed"],
  "project show": ["project show p1"],
  "project delete": [
    "project delete p1 --dry-run",
    "project delete p1 --yes --grace 72h",
    "project delete --name-prefix test- --yes",
  ],
  "project restore": ["project restore p1"],
  "project hold": ["project hold p1 --reason 'case 12'"],
  "project release": ["project release p1"],
  "file put": ["file put p1 photo.jpg", "file put p1 - --as notes.txt --type text/plain"],
  "file get": ["file get p1 photo.jpg -o copy.jpg"],
  "file list": ["file list p1 --prefix photos/"],
  "file move": ["file move p1 a.txt b.txt"],
  "file delete": ["file delete p1 a.txt"],
  "deletion list": ["deletion list --state deleting"],
  "deletion show": ["deletion show DELETE-0123456789ab"],
  "deletion watch": ["deletion watch DELETE-0123456789ab --wait 10m"],
  "deletion retry": ["deletion retry DELETE-0123456789ab"],
  "receipt show": ["receipt show p1", "receipt show p1 --jws"],
  "receipt verify": ["receipt verify receipt.jws --jwks keys.json"],
  "token create": ["token create backup --right projects:read --ttl 90d"],
  "token list": ["token list"],
  "token revoke": ["token revoke 0123456789abcdef"],
  "audit-log list": ["audit-log list --project p1"],
  "layouts check": ["layouts check"],
  "layouts explain": ["layouts explain audio/proj_p1/a.wav"],
  adopt: ["adopt --projects", "adopt --yes --owner carol"],
  relayout: [
    "relayout --project p1",
    "relayout --yes",
    "relayout --finish RELAYOUT-0123456789ab --yes",
  ],
  audit: ["audit", "audit --html report.html"],
  sweep: [
    "sweep s3://my-bucket/old/p1/ --dry-run",
    "sweep s3://my-bucket/tmp/ --older-than 7d --exclude 'keep/**' --yes",
    "sweep s3://my-bucket/old/ --yes --report gone.ndjson --resume old.resume",
  ],
  completion: ["completion bash"],
};

/** Writes the examples below the help of each command that has some. */
export function addExamples(command: Command, path: readonly string[] = []): void {
  const lines = EXAMPLES[path.join(" ")] ?? [];
  if (lines.length > 0) {
    const shown = lines.map((line) => `  $ expunge ${line}\n`).join("");
    command.addHelpText("after", `\nExamples:\n${shown}`);
  }
  for (const child of command.commands) addExamples(child, [...path, child.name()]);
}
