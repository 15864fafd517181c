import { expunge, forOwner } from "../../../lib/expunge.ts";

interface Context {
  readonly params: Promise<{ readonly id: string }>;
}

/** Deletes a project. Only 200 says that all of it is gone, and has the receipt. */
export async function DELETE(request: Request, { params }: Context): Promise<Response> {
  const { id } = await params;
  return await forOwner(request, id, async () => {
    const { state, receipt } = await expunge.projects.delete(id);
    return Response.json({ state, receipt }, { status: state === "completed" ? 200 : 202 });
  });
}
