import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ExpungeClient, isExpungeClientError } from "../../src/client/index.ts";
import { type Served, serveHttp } from "../client/support.ts";

/** Whose session each cookie is. */
export const SESSIONS: ReadonlyMap<string, string> = new Map([
  ["of-ann", "ann"],
  ["of-bob", "bob"],
]);

export function userOfCookie(cookie: string | undefined): string | null {
  return SESSIONS.get(/session=([\w-]+)/.exec(cookie ?? "")?.[1] ?? "") ?? null;
}

export interface Example extends AsyncDisposable {
  readonly url: string;
}

/** What every example must do for its users, against the real service. */
export function describeExample(
  name: string,
  open: (expunge: ExpungeClient, address: { url: string; token: string }) => Promise<Example>,
): void {
  describe(`the example for ${name}`, () => {
    let served: Served;
    let admin: ExpungeClient;
    let example: Example;

    beforeAll(async () => {
      served = await serveHttp();
      admin = served.clientOf("admin");
      example = await open(admin, { url: served.origin, token: "admin" });
    });
    afterAll(async () => {
      await example[Symbol.asyncDispose]();
      await served.close();
    });

    const ask = async (
      session: string | null,
      method: string,
      path: string,
      body?: string,
    ): Promise<Response> =>
      await fetch(`${example.url}${path}`, {
        method,
        headers: {
          "content-type": "text/plain",
          ...(session === null ? {} : { cookie: `session=${session}` }),
        },
        ...(body === undefined ? {} : { body }),
      });
    const make = async (session: string): Promise<string> => {
      const made = await ask(session, "POST", "/projects");
      expect(made.status).toBe(201);
      return ((await made.json()) as { id: string }).id;
    };

    it("stores and reads a user's files, and expunge knows the owner", async () => {
      const id = await make("of-ann");
      expect((await admin.projects.get(id)).owner).toBe("ann");
      const put = await ask("of-ann", "PUT", `/projects/${id}/files/a/b%20ü.txt`, "hello");
      expect(put.status).toBe(200);
      const got = await ask("of-ann", "GET", `/projects/${id}/files/a/b%20ü.txt`);
      expect([got.headers.get("content-type"), await got.text()]).toEqual(["text/plain", "hello"]);
      expect(got.headers.get("content-disposition")).toBe("attachment");
      expect((await ask("of-ann", "GET", `/projects/${id}/files/none`)).status).toBe(404);
    });

    it("lets nobody at another's project, and nobody in without a session", async () => {
      const id = await make("of-ann");
      await ask("of-ann", "PUT", `/projects/${id}/files/f`, "hello");
      const calls: readonly [string, string, string?][] = [
        ["GET", `/projects/${id}/files/f`],
        ["PUT", `/projects/${id}/files/f`, "changed"],
        ["POST", `/projects/${id}/uploads/s3/multipart`, "{}"],
        ["DELETE", `/projects/${id}`],
      ];
      for (const [method, path, body] of calls) {
        expect((await ask("of-bob", method, path, body)).status).toBe(404);
        expect((await ask(null, method, path, body)).status).toBe(401);
      }
      expect(await (await admin.files.get(id, "f")).text()).toBe("hello");
    });

    it("takes a direct upload by Uppy's requests", async () => {
      const id = await make("of-ann");
      const route = `/projects/${id}/uploads/s3/multipart`;
      const file = { filename: "film.mp4", type: "video/mp4", metadata: { sizeBytes: 4 } };
      const opened = await ask("of-ann", "POST", route, JSON.stringify(file));
      const { key, uploadId } = (await opened.json()) as { key: string; uploadId: string };
      const part = await ask("of-ann", "GET", `${route}/${uploadId}/1?key=${key}`);
      const { url } = (await part.json()) as { url: string };
      const sent = await fetch(url, { method: "PUT", body: "film" });
      const parts = [{ PartNumber: 1, ETag: sent.headers.get("etag") }];
      const complete = `${route}/${uploadId}/complete?key=${key}`;
      const done = await ask("of-ann", "POST", complete, JSON.stringify({ parts }));
      expect([done.status, await done.json()]).toEqual([200, { key, location: "film.mp4" }]);
      expect(await (await admin.files.get(id, "film.mp4")).text()).toBe("film");
    });

    it("deletes a project, and answers with the receipt when all is gone", async () => {
      const id = await make("of-ann");
      await ask("of-ann", "PUT", `/projects/${id}/files/f`, "hello");
      const { uid } = await admin.projects.get(id);
      const deleted = await ask("of-ann", "DELETE", `/projects/${id}`);
      expect(deleted.status).toBe(200);
      const { receipt } = await admin.receipts.get(uid);
      expect(await deleted.json()).toEqual({ state: "completed", receipt });
      await expect(admin.projects.get(id)).rejects.toSatisfy((error) =>
        isExpungeClientError(error, "project-deleted"),
      );
      expect((await ask("of-ann", "GET", `/projects/${id}/files/f`)).status).toBe(410);
    });
  });
}
