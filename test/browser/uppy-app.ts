import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ObjectStore } from "../../src/ports/object-store.ts";
import { serveHttp } from "../client/support.ts";
import { temporaryDir } from "../support/service-process.ts";
import { bundled, codeOf } from "./bundle.ts";
import type { UppyFixture } from "./uppy-scenarios.ts";
import { serveWeb, type WebServer } from "./web-server.ts";

/** What the page does beside the lines of the documentation: it makes files, and tells what happens. */
const OF_THE_TEST = `
const MIB = 1024 * 1024;
Object.assign(globalThis, {
  uppy,
  add(name, mib) {
    const bytes = new Uint8Array(mib * MIB);
    for (let i = 0; i < mib; i++) bytes.fill(i + 1, i * MIB, (i + 1) * MIB);
    return uppy.addFile({ name, type: "video/mp4", data: new File([bytes], name) });
  },
  partSent: () => new Promise((resolve) => uppy.once("s3-multipart:part-uploaded", () => resolve())),
  async begin() {
    const first = partSent();
    globalThis.done = uppy.upload();
    await Promise.race([first, done]);
  },
  async ended() {
    const { successful, failed } = await done;
    return { successful: successful.length, failed: failed.map(({ error }) => error) };
  },
});
`;

/** The service on this store, and an application before it, for a user with one project. */
export async function openUppy(store: ObjectStore): Promise<UppyFixture> {
  const dir = await temporaryDir();
  const served = await serveHttp({ wrap: () => store });
  const client = served.clientOf("admin");
  const { id } = await client.projects.create();
  const app = await serveUppyApp(dir.path, { url: served.origin, token: "admin" }, id);
  return {
    url: app.url,
    client,
    projectId: id,
    [Symbol.asyncDispose]: async () => {
      await app[Symbol.asyncDispose]();
      await served.close();
      await dir[Symbol.asyncDispose]();
    },
  };
}

/** An application as docs/uploads.md has it: its very lines, for a user with this project. */
async function serveUppyApp(
  dir: string,
  service: { readonly url: string; readonly token: string },
  projectId: string,
): Promise<WebServer> {
  const [server = ""] = codeOf("docs/uploads.md", "ts");
  const [page = ""] = codeOf("docs/uploads.md", "js");
  const session = `export const userOf = async () => ({ projectId: ${JSON.stringify(projectId)} });`;
  const file = join(dir, "application.mjs");
  await writeFile(file, await bundled(server, "node", { "./session.js": session }));
  process.env["EXPUNGE_URL"] = service.url;
  process.env["EXPUNGE_TOKEN"] = service.token;
  const { uploads } = (await import(pathToFileURL(file).href)) as {
    uploads: (request: Request) => Promise<Response>;
  };
  const script = await bundled(page + OF_THE_TEST, "browser");
  return await serveWeb(async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/uploads/")) return await uploads(request);
    if (pathname === "/page.js") return textOf("text/javascript", script);
    return textOf("text/html", '<!doctype html><script type="module" src="/page.js"></script>');
  });
}

function textOf(type: string, text: string): Response {
  return new Response(text, { headers: { "content-type": type } });
}
