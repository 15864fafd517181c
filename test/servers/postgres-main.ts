import { keepByHand } from "./by-hand.ts";
import { startPostgres } from "./postgres.ts";

/** `node test/servers/postgres-main.ts` runs a PostgreSQL server for tests and trying things out. */
const { url, stop } = await startPostgres();
await keepByHand({ EXPUNGE_TEST_DATABASE: url }, stop);
