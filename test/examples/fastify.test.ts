import { createApp } from "../../examples/fastify/server.ts";
import { describeExample, userOfCookie } from "./scenario.ts";

describeExample("Fastify", async (expunge) => {
  const app = createApp({ expunge, userOf: (request) => userOfCookie(request.headers.cookie) });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  return { url, [Symbol.asyncDispose]: () => app.close() };
});
