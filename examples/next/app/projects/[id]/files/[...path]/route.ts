import { expunge, forOwner } from "../../../../../lib/expunge.ts";

interface Context {
  readonly params: Promise<{ readonly id: string; readonly path: readonly string[] }>;
}

/** Stores a file as it streams in. */
export async function PUT(request: Request, { params }: Context): Promise<Response> {
  const { id, path } = await params;
  return await forOwner(request, id, async () => {
    const contentType = request.headers.get("content-type") ?? undefined;
    const body = request.body ?? "";
    return Response.json(await expunge.files.put(id, path.join("/"), body, { contentType }));
  });
}

/** Reads a file as it streams out: as an attachment, for it is whatever somebody stored. */
export async function GET(request: Request, { params }: Context): Promise<Response> {
  const { id, path } = await params;
  return await forOwner(request, id, async () => {
    const file = await expunge.files.get(id, path.join("/"));
    return new Response(file.body, {
      headers: {
        "content-type": file.contentType,
        "content-length": String(file.lengthBytes),
        "content-disposition": "attachment",
        "content-security-policy": "sandbox; default-src 'none'",
        "x-content-type-options": "nosniff",
      },
    });
  });
}
