import { createClient } from "expunge/client";

/** The service that this page came from; the session's cookie says who asks. */
export const api = createClient({ url: globalThis.location.origin });

/** The same without repeats, for what says at once that nobody answers. */
export const live = createClient({ url: globalThis.location.origin, attemptsMax: 1 });
