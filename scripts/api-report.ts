// Writes docs/api/*.api.md, the report of the public API, from the declarations that the build emits.
// With --check it changes nothing and fails where a report is not what it should be.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";

const ROOT = join(import.meta.dirname, "..");
const isCheck = process.argv.includes("--check");
const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly types: string }>>;
};
const silent = { default: { logLevel: ExtractorLogLevel.None } };

/** Whether the report could be made, and with `--check` whether it is as it was. */
function reportOn(name: string, types: string, temporary: string): boolean {
  const entry = join(ROOT, types);
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: ROOT,
      mainEntryPointFilePath: entry,
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            module: "nodenext",
            target: "es2022",
            lib: ["es2022", "dom", "esnext.disposable"],
            types: ["node"],
            strict: true,
            skipLibCheck: true,
          },
          files: [entry],
        },
      },
      apiReport: {
        enabled: true,
        reportFolder: join(ROOT, "docs/api"),
        reportTempFolder: temporary,
        reportFileName: name,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: "lf",
      messages: {
        extractorMessageReporting: silent,
        tsdocMessageReporting: silent,
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(ROOT, "package.json"),
  });
  let failed = false;
  const result = Extractor.invoke(config, {
    localBuild: !isCheck,
    messageCallback: (message) => {
      message.handled = true;
      if (message.logLevel !== ExtractorLogLevel.Error) return;
      failed = true;
      console.error(message.text);
    },
  });
  const isOff = isCheck && result.apiReportChanged;
  if (isOff) console.error(`docs/api/${name}.api.md differs: run 'npm run api' and look at it`);
  return !failed && !isOff;
}

mkdirSync(join(ROOT, "docs/api"), { recursive: true });
const temporary = mkdtempSync(join(tmpdir(), "expunge-api-"));
const results = Object.entries(manifest.exports).map(([path, target]) => {
  if (typeof target === "string") return true;
  const name = path === "." ? manifest.name : `${manifest.name}-${path.slice(2)}`;
  return reportOn(name, target.types, temporary);
});
rmSync(temporary, { recursive: true });
if (results.includes(false)) process.exitCode = 1;
