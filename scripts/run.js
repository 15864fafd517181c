// Runs the command line from a checkout: one process, so that signals reach it.
import "./guard.js";

// Sources have their types stripped and are compiled at every start; the next one finds them done.
// Asked for by name only once the guard has passed this Node.
const [{ enableCompileCache }, { fileURLToPath }] = await Promise.all([
  import("node:module"),
  import("node:url"),
]);
enableCompileCache(fileURLToPath(new URL("../node_modules/.cache/compiled", import.meta.url)));

await import("../src/cli/main.ts");
