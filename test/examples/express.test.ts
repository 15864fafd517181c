import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createApp } from "../../examples/express/server.ts";
import { describeExample, userOfCookie } from "./scenario.ts";

describeExample("Express", async (expunge) => {
  const app = createApp({ expunge, userOf: (request) => userOfCookie(request.headers.cookie) });
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
});
