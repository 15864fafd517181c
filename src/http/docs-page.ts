import { createHash } from "node:crypto";

const STYLE = `
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
h2{margin:2.5rem 0 .5rem}
section{border-top:1px solid #ddd;padding:.75rem 0}
h3{font:600 1rem ui-monospace,monospace;margin:0;overflow-wrap:anywhere}
h3 span{display:inline-block;min-width:5.5em}
p{margin:.25rem 0}
table{border-collapse:collapse;font-size:.875rem;margin:.25rem 0}
th,td{text-align:left;vertical-align:top;padding:.125rem .75rem .125rem 0}
code{font-family:ui-monospace,monospace}
@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#161616}section{border-color:#333}a{color:#8ab4f8}}
`;

const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

/** Nothing runs and nothing is loaded: only this one style sheet counts. */
export const DOCS_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${STYLE_HASH}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

interface PageOperation {
  readonly method: string;
  readonly path: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The OpenAPI document as one page that needs nothing else. */
export function docsPage(document: unknown): string {
  const root = record(document);
  const info = record(root["info"]);
  const operations = operationsOf(record(root["paths"]));
  const sections = list(root["tags"])
    .map(record)
    .map((tag) => {
      const own = operations.filter(({ fields }) => list(fields["tags"]).includes(tag["name"]));
      return `<h2>${text(tag["description"])}</h2>${own.map(operationSection).join("")}`;
    });
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${text(info["title"])} API</title><style>${STYLE}</style></head><body>`,
    `<h1>${text(info["title"])} ${text(info["version"])}</h1>`,
    `<p>${markdown(info["description"])}</p>`,
    '<p>For programs: <a href="/openapi.json">openapi.json</a>.</p>',
    ...sections,
    "</body></html>",
  ].join("\n");
}

function operationsOf(paths: Readonly<Record<string, unknown>>): readonly PageOperation[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(record(item)).map(([method, fields]) => ({
      method: method.toUpperCase(),
      path,
      fields: record(fields),
    })),
  );
}

function operationSection({ method, path, fields }: PageOperation): string {
  const parameters = list(fields["parameters"])
    .map(record)
    .map((one) => row([one["name"], one["in"], one["description"] ?? ""]));
  const responses = Object.entries(record(fields["responses"])).map(([status, response]) =>
    row([status, record(response)["description"]]),
  );
  const description = fields["description"];
  return [
    `<section id="${text(fields["operationId"])}">`,
    `<h3><span>${text(method)}</span> ${text(path)}</h3>`,
    `<p>${markdown(fields["summary"])}</p>`,
    description === undefined ? "" : `<p>${markdown(description)}</p>`,
    parameters.length === 0 ? "" : `<table>${parameters.join("")}</table>`,
    `<table>${responses.join("")}</table></section>`,
  ].join("");
}

function row(cells: readonly unknown[]): string {
  return `<tr>${cells.map((cell) => `<td>${markdown(cell)}</td>`).join("")}</tr>`;
}

function markdown(value: unknown): string {
  return text(value).replaceAll(/`([^`]*)`/g, "<code>$1</code>");
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function text(value: unknown): string {
  const plain = typeof value === "string" ? value : "";
  return plain.replaceAll(/[&<>"']/g, (char) => ESCAPES[char] ?? "");
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  const isRecord = typeof value === "object" && value !== null && !Array.isArray(value);
  return isRecord ? (value as Readonly<Record<string, unknown>>) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
