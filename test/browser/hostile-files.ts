/** A file that somebody stores to run script in whoever opens it. */
export interface HostileFile {
  readonly name: string;
  /** The type that it is stored with. */
  readonly contentType: string;
  readonly body: string;
  /** Served with this type and nothing else it runs, or the test would show nothing; null: with none. */
  readonly rawType: string | null;
}

/** Tells this origin that it ran, in three ways. */
function script(beacon: string): string {
  return `new Image().src="${beacon}";console.log("ran");alert("ran");`;
}

/** @param beaconOf where a file's script says that it ran */
export function hostileFiles(beaconOf: (name: string) => string): readonly HostileFile[] {
  const html = (name: string): string =>
    `<!doctype html><title>x</title><script>${script(beaconOf(name))}</script>`;
  const svg = (name: string): string =>
    `<svg xmlns="http://www.w3.org/2000/svg"><script>${script(beaconOf(name))}</script></svg>`;
  const xhtml = (name: string): string =>
    `<html xmlns="http://www.w3.org/1999/xhtml"><script>${script(beaconOf(name))}</script></html>`;
  const handler = (name: string): string =>
    `<!doctype html><img src="data:," onerror='${script(beaconOf(name))}'>`;
  return [
    { name: "page.html", contentType: "text/html", body: html("page.html"), rawType: "text/html" },
    {
      name: "page.htm",
      contentType: "text/html; charset=utf-8",
      body: handler("page.htm"),
      rawType: "text/html; charset=utf-8",
    },
    {
      name: "upper.html",
      contentType: "TEXT/HTML",
      body: html("upper.html"),
      rawType: "TEXT/HTML",
    },
    {
      name: "drawing.svg",
      contentType: "image/svg+xml",
      body: svg("drawing.svg"),
      rawType: "image/svg+xml",
    },
    {
      name: "page.xhtml",
      contentType: "application/xhtml+xml",
      body: xhtml("page.xhtml"),
      rawType: "application/xhtml+xml",
    },
    { name: "feed.xml", contentType: "text/xml", body: xhtml("feed.xml"), rawType: "text/xml" },
    // Of a harmless type, and HTML to whoever looks at the bytes instead.
    { name: "notes.txt", contentType: "text/plain", body: html("notes.txt"), rawType: null },
    { name: "photo.png", contentType: "image/png", body: html("photo.png"), rawType: null },
    { name: "film.mp4", contentType: "video/mp4", body: html("film.mp4"), rawType: null },
    {
      name: "data.bin",
      contentType: "application/octet-stream",
      body: html("data.bin"),
      rawType: null,
    },
    {
      name: "polyglot.gif",
      contentType: "image/gif",
      body: `GIF89a<script>${script(beaconOf("polyglot.gif"))}</script>`,
      rawType: "text/html",
    },
    {
      name: "odd.html",
      contentType: "text/html;,image/png",
      body: html("odd.html"),
      rawType: "text/html",
    },
  ];
}
