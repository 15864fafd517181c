import { readFileSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";

const ROOT = join(import.meta.dirname, "../..");
const ENTRY = join(ROOT, "test/browser/entry.ts");

/** The blocks of code of a page of the documentation, in one language. */
export function codeOf(page: string, language: string): string[] {
  const text = readFileSync(join(ROOT, page), "utf8");
  const blocks = text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"));
  return [...blocks].map(([, code = ""]) => code);
}

/**
 * One module of this code and all that it imports; `expunge/client` is the one of this checkout.
 * @param modules what else it imports, by name
 */
export async function bundled(
  code: string,
  platform: "browser" | "node",
  modules: Readonly<Record<string, string>> = {},
): Promise<string> {
  const all = new Map(Object.entries({ [ENTRY]: code, ...modules }));
  const bundle = await rolldown({
    input: ENTRY,
    platform,
    logLevel: "silent",
    resolve: { alias: { "expunge/client": join(ROOT, "src/client/index.ts") } },
    plugins: [
      {
        name: "given",
        resolveId: (name) => (all.has(name) ? name : null),
        load: (name) => {
          const given = all.get(name);
          return given === undefined ? null : { code: given, moduleType: "ts" };
        },
      },
    ],
  });
  const { output } = await bundle.generate({ format: "esm" });
  return output[0].code;
}
