/** The lines of an answer as they arrive, the empty ones left out. */
export async function* linesOf(response: Response): AsyncGenerator<string, void, undefined> {
  let rest = "";
  for await (const text of textOf(response)) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield line;
  }
  if (rest !== "") yield rest;
}

/** The text of an answer as it arrives. Whoever stops reading lets go of the connection. */
export async function* textOf(response: Response): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  for await (const chunk of chunksOf(response)) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

/** Not every browser can iterate a stream. */
async function* chunksOf({ body }: Response): AsyncGenerator<Uint8Array, void, undefined> {
  if (body === null) return;
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Of a stream that broke off nothing is left to cancel, and its error is thrown already.
    await reader.cancel().catch(() => undefined);
  }
}
