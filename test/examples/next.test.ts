import { serveWeb } from "../browser/web-server.ts";
import { describeExample, SESSIONS } from "./scenario.ts";

type Params = Readonly<Record<string, string | readonly string[]>>;
type Handler = (request: Request, context: { params: Promise<Params> }) => Promise<Response>;
type Route = Readonly<Record<string, Handler | undefined>>;

/** As Next.js reads them from the directories: `[id]` is a segment, `[...path]` all that follow. */
const ROUTES: Readonly<Record<string, () => Promise<unknown>>> = {
  "projects/route.ts": () => import("../../examples/next/app/projects/route.ts"),
  "projects/[id]/route.ts": () => import("../../examples/next/app/projects/[id]/route.ts"),
  "projects/[id]/files/[...path]/route.ts": () =>
    import("../../examples/next/app/projects/[id]/files/[...path]/route.ts"),
  "projects/[id]/uploads/[...step]/route.ts": () =>
    import("../../examples/next/app/projects/[id]/uploads/[...step]/route.ts"),
};

function matchOf(route: string, pathname: string): Params | null {
  const names: string[] = [];
  const source = route
    .replace(/\/route\.ts$/, "")
    .replaceAll(/\[(\.{3})?(\w+)\]/g, (_, rest: string | undefined, name: string) => {
      names.push(name);
      return rest === undefined ? "([^/]+)" : "(.+)";
    });
  const match = new RegExp(`^/${source}$`).exec(pathname);
  if (!match) return null;
  const valueOf = (text: string, isRest: boolean): string | string[] =>
    isRest ? text.split("/").map(decodeURIComponent) : decodeURIComponent(text);
  return Object.fromEntries(
    names.map((name, i) => [name, valueOf(match[i + 1] ?? "", route.includes(`...${name}`))]),
  );
}

describeExample("Next.js", async (_expunge, { url, token }) => {
  process.env["EXPUNGE_URL"] = url;
  process.env["EXPUNGE_TOKEN"] = token;
  const { sessions } = await import("../../examples/next/lib/session.ts");
  for (const [session, user] of SESSIONS) sessions.set(session, user);
  const modules = new Map<string, Route>();
  for (const [route, load] of Object.entries(ROUTES)) modules.set(route, (await load()) as Route);
  return await serveWeb(async (request) => {
    const { pathname } = new URL(request.url);
    for (const [route, handlers] of modules) {
      const params = matchOf(route, pathname);
      const handler = handlers[request.method];
      if (params && handler) return await handler(request, { params: Promise.resolve(params) });
    }
    return new Response(null, { status: 404 });
  });
});
