// `npm start`: the console is built where it has to be, then the service runs in this very process.
import "./guard.js";

const { buildConsole } = await import("./console.ts");
await buildConsole();
await import("./run.js");
