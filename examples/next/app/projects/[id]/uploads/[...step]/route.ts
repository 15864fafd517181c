import { answerUppy } from "expunge/client";
import { expunge, forOwner } from "../../../../../lib/expunge.ts";

interface Context {
  readonly params: Promise<{ readonly id: string }>;
}

/** Uppy's requests: the parts themselves go straight to the store (docs/uploads.md). */
async function answer(request: Request, { params }: Context): Promise<Response> {
  const { id } = await params;
  return await forOwner(request, id, () => answerUppy(expunge, request, { projectId: id }));
}

export { answer as DELETE, answer as GET, answer as POST };
