import fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import { answerUppy, createClient, type ExpungeClient, isExpungeClientError } from "expunge/client";
import { Readable } from "node:stream";

interface Options {
  readonly expunge: ExpungeClient;
  /** Yours: who asks, by a session or a token of your own; null for nobody. */
  readonly userOf: (request: FastifyRequest) => string | null;
}

interface OfProject {
  Params: { readonly id: string; readonly "*": string };
}

/** An application whose users have projects with files. */
export function createApp({ expunge, userOf }: Options): FastifyInstance {
  const app = fastify();
  // Bodies pass through as they come.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, payload, done) => done(null, payload));

  app.addHook<OfProject>("preHandler", async (request, reply) => {
    const user = userOf(request);
    if (user === null) return reply.code(401).send({ code: "unauthorized" });
    const { id } = request.params;
    if (id === undefined) return;
    // Nobody else's project is there, as far as anybody can tell.
    const { owner } = await expunge.projects.get(id);
    if (owner !== user) return reply.code(404).send({ code: "project-not-found" });
  });

  app.post("/projects", async (request, reply) => {
    const { id } = await expunge.projects.create({ owner: userOf(request) ?? "" });
    return reply.code(201).send({ id });
  });

  app.put<OfProject>("/projects/:id/files/*", async (request) => {
    const { id, "*": path } = request.params;
    const contentType = request.headers["content-type"];
    return await expunge.files.put(id, path, bodyOf(request), { contentType });
  });

  app.get<OfProject>("/projects/:id/files/*", async (request, reply) => {
    const { id, "*": path } = request.params;
    const file = await expunge.files.get(id, path);
    // An attachment in a sandbox: it is whatever somebody stored.
    reply.headers({
      "content-type": file.contentType,
      "content-length": String(file.lengthBytes),
      "content-disposition": "attachment",
      "content-security-policy": "sandbox; default-src 'none'",
      "x-content-type-options": "nosniff",
    });
    return reply.send(file.body ?? "");
  });

  app.all<OfProject>("/projects/:id/uploads/*", async (request) => {
    const asked = new Request(`${request.protocol}://${request.host}${request.url}`, {
      method: request.method,
      ...(request.method === "POST" ? { body: bodyOf(request), duplex: "half" } : {}),
    });
    return await answerUppy(expunge, asked, { projectId: request.params.id });
  });

  app.delete<OfProject>("/projects/:id", async (request, reply) => {
    const { state, receipt } = await expunge.projects.delete(request.params.id);
    // Only `completed` says that everything is gone and that it was verified.
    return reply.code(state === "completed" ? 200 : 202).send({ state, receipt });
  });

  app.setErrorHandler(async (error, _request, reply) => {
    if (!isExpungeClientError(error)) throw error;
    const { status, code, message } = error;
    const isOurs = status === 401 || status === 403 || status >= 500 || status === 0;
    if (isOurs) return reply.code(502).send({ code: "unavailable" });
    return reply.code(status).send({ code, message });
  });
  return app;
}

function bodyOf(request: FastifyRequest): ReadableStream<Uint8Array> {
  return Readable.toWeb(request.raw) as ReadableStream<Uint8Array>;
}

if (import.meta.main) {
  const url = process.env["EXPUNGE_URL"] ?? "http://127.0.0.1:3000";
  const expunge = createClient({ url, token: process.env["EXPUNGE_TOKEN"] ?? null });
  // Nobody is let in before you say who asks.
  await createApp({ expunge, userOf: () => null }).listen({ host: "127.0.0.1", port: 8080 });
}
