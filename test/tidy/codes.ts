import type { Source } from "./source.ts";

/** Files that name codes without producing them: catalogues, and what routes announce. */
const CATALOGUES = [
  "src/core/errors.ts",
  "src/core/store-errors.ts",
  "src/core/store-remedies.ts",
  "src/core/database-errors.ts",
  "src/cli/exit-codes.ts",
  "src/http/operation.ts",
];

/** Tests of the catalogues themselves say nothing of when a code is met. */
const OF_CATALOGUES = ["test/docs/", "test/tidy"];

/**
 * Codes that nothing produces, or that no test meets.
 * @param kept codes that stay without being produced here
 */
export function checkCodes(
  codes: readonly string[],
  src: readonly Source[],
  tests: readonly Source[],
  kept: ReadonlySet<string>,
): string[] {
  const producing = src.filter(({ path }) => !CATALOGUES.includes(path));
  const meeting = tests.filter(
    ({ path }) => !OF_CATALOGUES.some((folder) => path.startsWith(folder)),
  );
  return codes.flatMap((code) => {
    const isProduced = producing.some((source) => produces(source, code));
    const isMet = meeting.some(({ text }) => new RegExp(`["'\`]${code}["'\` ]`).test(text));
    return [
      ...(isProduced === kept.has(code)
        ? [`'${code}' is ${isProduced ? "" : "not "}produced`]
        : []),
      ...(isMet ? [] : [`'${code}' is met by no test`]),
    ];
  });
}

/** As a value: a key of a table, a comparison, or one of the `errors` of a route is none. */
function produces({ text }: Source, code: string): boolean {
  const values = new RegExp(`(?<!=== )["']${code}["'](?!:)`, "g");
  const announced = [...text.matchAll(/\berrors: \[[^\]]*\]/g)];
  return [...text.matchAll(values)].some(
    ({ index }) =>
      !announced.some((list) => index > list.index && index < list.index + list[0].length),
  );
}
