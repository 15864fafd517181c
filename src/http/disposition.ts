/** Types that a browser shows without running anything of them. No HTML, SVG, XML or PDF. */
const SAFE_INLINE: ReadonlySet<string> = new Set([
  "image/png",
  "image/jpeg",
  "image/gif",
  "image/webp",
  "image/avif",
  "video/mp4",
  "video/webm",
  "video/ogg",
  "audio/mpeg",
  "audio/mp3",
  "audio/mp4",
  "audio/ogg",
  "audio/webm",
  "text/plain",
]);

/**
 * `attachment` unless `inline` was asked for and the type is safe. The name is given twice: in ASCII,
 * and as it is (RFC 6266, RFC 8187).
 */
export function contentDisposition(
  path: string,
  contentType: string,
  wished: "attachment" | "inline" | undefined,
): string {
  const [type = ""] = contentType.split(";", 1);
  const inline = wished === "inline" && SAFE_INLINE.has(type.trim().toLowerCase());
  const name = path.split("/").at(-1) ?? "file";
  const ascii = name.replaceAll(/[^\x20-\x7e]|["\\%]/gu, "_");
  const kind = inline ? "inline" : "attachment";
  return `${kind}; filename="${ascii}"; filename*=UTF-8''${extValue(name)}`;
}

/** RFC 8187's `value-chars`: `encodeURIComponent` leaves `'()*` alone, which are none of them. */
function extValue(name: string): string {
  return encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
