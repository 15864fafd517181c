import { createClient, isExpungeClientError } from "expunge/client";
import { userOf } from "./session.ts";

/** One client for the whole application, with a token that never leaves the server. */
export const expunge = createClient({
  url: process.env["EXPUNGE_URL"] ?? "http://127.0.0.1:3000",
  token: process.env["EXPUNGE_TOKEN"] ?? null,
});

/** Runs `work` for whoever asks; what fails becomes an answer. */
export async function forUser(
  request: Request,
  work: (user: string) => Promise<Response>,
): Promise<Response> {
  const user = userOf(request);
  if (user === null) return Response.json({ code: "unauthorized" }, { status: 401 });
  try {
    return await work(user);
  } catch (error) {
    if (!isExpungeClientError(error)) throw error;
    const { status, code, message } = error;
    // 401 and 5xx are between this application and expunge; the person is told no details.
    const isOurs = status === 401 || status === 403 || status >= 500 || status === 0;
    return isOurs
      ? Response.json({ code: "unavailable" }, { status: 502 })
      : Response.json({ code, message }, { status });
  }
}

/** The same for a project of this person. Nobody else's is there, as far as they can tell. */
export async function forOwner(
  request: Request,
  id: string,
  work: () => Promise<Response>,
): Promise<Response> {
  return await forUser(request, async (user) => {
    const { owner } = await expunge.projects.get(id);
    if (owner === user) return await work();
    return Response.json({ code: "project-not-found" }, { status: 404 });
  });
}
