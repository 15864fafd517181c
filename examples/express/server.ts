import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import express, { type Express, type NextFunction, type Request, type Response } from "express";
import { answerUppy, createClient, type ExpungeClient, isExpungeClientError } from "expunge/client";

interface Options {
  readonly expunge: ExpungeClient;
  /** Yours: who asks, by a session or a token of your own; null for nobody. */
  readonly userOf: (request: Request) => string | null;
}

/** An application whose users have projects with files. */
export function createApp({ expunge, userOf }: Options): Express {
  const app = express();
  app.use((request, response, next) => {
    response.locals["user"] = userOf(request);
    if (response.locals["user"] === null) response.status(401).json({ code: "unauthorized" });
    else next();
  });

  app.post("/projects", async (_request, response) => {
    const { id } = await expunge.projects.create({ owner: String(response.locals["user"]) });
    response.status(201).json({ id });
  });

  // Nobody else's project is there, as far as anybody can tell.
  app.param("id", async (_request, response, next, id: string) => {
    const { owner } = await expunge.projects.get(id);
    if (owner === response.locals["user"]) next();
    else response.status(404).json({ code: "project-not-found" });
  });

  app.put("/projects/:id/files/*path", async (request, response) => {
    const { id, path } = request.params;
    const contentType = request.headers["content-type"];
    const body = webStreamOf(request);
    response.json(await expunge.files.put(id, path.join("/"), body, { contentType }));
  });

  app.get("/projects/:id/files/*path", async (request, response) => {
    const { id, path } = request.params;
    const file = await expunge.files.get(id, path.join("/"));
    // An attachment in a sandbox: it is whatever somebody stored.
    const headers = {
      "content-type": file.contentType,
      "content-length": String(file.lengthBytes),
      "content-disposition": "attachment",
      "content-security-policy": "sandbox; default-src 'none'",
      "x-content-type-options": "nosniff",
    };
    // Not by `set`, which adds a charset of its own to the type.
    response.setHeaders(new Map(Object.entries(headers)));
    if (file.body === null) response.end();
    else Readable.fromWeb(file.body as ReadableStream).pipe(response);
  });

  app.all("/projects/:id/uploads/*step", async (request, response) => {
    const url = `${request.protocol}://${request.host}${request.originalUrl}`;
    const hasBody = request.method === "POST";
    const asked = new globalThis.Request(url, {
      method: request.method,
      ...(hasBody ? { body: webStreamOf(request), duplex: "half" } : {}),
    });
    const answer = await answerUppy(expunge, asked, { projectId: request.params.id });
    response
      .status(answer.status)
      .setHeaders(answer.headers)
      .send(await answer.text());
  });

  app.delete("/projects/:id", async (request, response) => {
    const { state, receipt } = await expunge.projects.delete(request.params.id);
    // Only `completed` says that everything is gone and that it was verified.
    response.status(state === "completed" ? 200 : 202).json({ state, receipt });
  });

  app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent || !isExpungeClientError(error)) return next(error);
    const { status, code, message } = error;
    const isOurs = status === 401 || status === 403 || status >= 500 || status === 0;
    if (isOurs) response.status(502).json({ code: "unavailable" });
    else response.status(status).json({ code, message });
  });
  return app;
}

function webStreamOf(request: Request): globalThis.ReadableStream<Uint8Array> {
  return Readable.toWeb(request) as globalThis.ReadableStream<Uint8Array>;
}

if (import.meta.main) {
  const url = process.env["EXPUNGE_URL"] ?? "http://127.0.0.1:3000";
  const expunge = createClient({ url, token: process.env["EXPUNGE_TOKEN"] ?? null });
  // Nobody is let in before you say who asks.
  createApp({ expunge, userOf: () => null }).listen(8080, "127.0.0.1");
}
