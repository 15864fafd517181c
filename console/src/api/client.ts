import { createClient } from "expunge/client";

/** The service that this page came from; the session's cookie says who asks. */
export const api = createClient({ url: globalThis.location.origin });
