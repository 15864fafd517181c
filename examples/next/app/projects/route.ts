import { expunge, forUser } from "../../lib/expunge.ts";

/** Makes a project that belongs to whoever asks. */
export async function POST(request: Request): Promise<Response> {
  return await forUser(request, async (owner) => {
    const { id } = await expunge.projects.create({ owner });
    return Response.json({ id }, { status: 201 });
  });
}
