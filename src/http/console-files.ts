/** A file of the built console, whole in memory, with what it is when it is compressed. */
export interface ConsoleFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly compressed: Readonly<Partial<Record<"br" | "gzip", Buffer>>>;
}

/** The built console. */
export interface ConsoleFiles {
  readonly page: ConsoleFile;
  /** By their paths, which begin with `/assets/` and hold a hash of the content. */
  readonly assets: ReadonlyMap<string, ConsoleFile>;
  /** Where browsers send parts, when the store takes them by itself. */
  readonly storeOrigin: string | null;
}
