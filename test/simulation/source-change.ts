import { registerHooks } from "node:module";

/** One wrong line in one source file, for as long as the thread lives that loads it so. */
export interface SourceChange {
  /** The end of the file's path. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/**
 * Loads the file with the change; `src/` itself stays as it is. Answers whether it was loaded: a change
 * of a file that nobody reads is no mutant.
 * @throws Error, while the file is loaded, unless the text is there exactly once
 */
export function loadChanged({ file, from, to }: SourceChange): () => boolean {
  let loaded = false;
  registerHooks({
    load(url, context, nextLoad) {
      const module = nextLoad(url, context);
      if (!url.endsWith(`/${file}`)) return module;
      const text = textOf(module.source);
      const found = text.split(from).length - 1;
      if (found !== 1) throw new Error(`${file} has '${from}' ${found} times, and not once`);
      loaded = true;
      return { ...module, source: text.replace(from, () => to) };
    },
  });
  return () => loaded;
}

function textOf(source: unknown): string {
  if (typeof source === "string") return source;
  if (source instanceof Uint8Array) return new TextDecoder().decode(source);
  throw new TypeError("the source of a module is neither text nor bytes");
}
