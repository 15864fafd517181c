import { LIMITS } from "../core/limits.ts";
import { DAY_MS } from "../core/limits/units.ts";
import type { AuditJson, FindingJson } from "../http/schema/index.ts";
import { formatBytes, printable } from "./output.ts";

/**
 * List prices of stored bytes, in dollars for a GB (10^9 bytes) and month, each with the last day on
 * which it is known to have been so; requests are not in it. Source: developers.cloudflare.com/r2/pricing and
 * aws.amazon.com/s3/pricing.
 */
export const PRICES = [
  { store: "Cloudflare R2, Standard", dollars: 0.015, asOf: "2026-08-03" },
  { store: "AWS S3, Standard, us-east-1, the first 50 TB", dollars: 0.023, asOf: "2024-03-06" },
] as const;

const GB = 1e9;
const AGES = [
  { name: "up to a day", days: 1 },
  { name: "up to a week", days: 7 },
  { name: "up to 30 days", days: 30 },
  { name: "up to a year", days: 365 },
  { name: "older", days: Number.POSITIVE_INFINITY },
] as const;
const OTHERS = "all others";

interface Sum {
  count: number;
  bytes: number;
}

/** Sums of findings by name, in constant memory: names beyond the bound are summed up together. */
class Sums {
  readonly #sums = new Map<string, Sum>();

  add(name: string, bytes: number): void {
    const isKnown = this.#sums.has(name) || this.#sums.size < LIMITS.auditReportNames;
    const into = isKnown ? name : OTHERS;
    const sum = this.#sums.get(into) ?? { count: 0, bytes: 0 };
    this.#sums.set(into, { count: sum.count + 1, bytes: sum.bytes + bytes });
  }

  entries(): readonly (readonly [string, Sum])[] {
    return [...this.#sums];
  }
}

/**
 * The audit as one HTML page that needs nothing else: no script, no font, no address. All findings are in
 * its charts, the first ones in its table.
 */
export async function auditReport(
  audit: AuditJson,
  findings: AsyncIterable<FindingJson>,
): Promise<string> {
  const byPrefix = new Sums();
  const byAge = new Sums();
  for (const { name } of AGES) byAge.add(name, 0);
  const shown: FindingJson[] = [];
  for await (const finding of findings) {
    const bytes = finding.sizeBytes ?? 0;
    byPrefix.add(prefixOf(finding.key), bytes);
    byAge.add(ageOf(audit, finding), bytes);
    if (shown.length < LIMITS.auditReportFindings) shown.push(finding);
  }
  // Each age was entered once so that all are there, in their order.
  const ages = byAge
    .entries()
    .map(([name, sum]) => [name, { ...sum, count: sum.count - 1 }] as const);
  const prefixes = byPrefix.entries().toSorted(([, a], [, b]) => b.count - a.count);
  return page(audit, [
    summary(audit),
    chart("Findings by prefix", prefixes),
    chart("Findings by age", ages),
    costs(audit),
    table(audit, shown),
  ]);
}

function prefixOf(key: string): string {
  const end = key.indexOf("/");
  return end < 0 ? "(no prefix)" : key.slice(0, end + 1);
}

function ageOf({ requestedAt }: AuditJson, { modifiedAt }: FindingJson): string {
  const days = (Date.parse(requestedAt) - Date.parse(modifiedAt)) / DAY_MS;
  return AGES.find((age) => days <= age.days)?.name ?? OTHERS;
}

function summary(audit: AuditJson): string {
  const facts: readonly (readonly [string, string | number])[] = [
    ["objects", `${audit.objects} (${formatBytes(audit.bytes)})`],
    ["rows", audit.rows],
    ["objects of deleted projects", audit.residueOfDeleted],
    ["orphans", audit.orphans],
    ["dangling rows", audit.dangling],
    ["mismatched objects", audit.mismatched],
    ["stale uploads", audit.staleUploads],
    ["foreign keys", audit.foreign],
    ["not judged, too young", audit.young],
    ["mended / spared / failed", Object.values(audit.fixes).join(" / ")],
  ];
  const state = audit.complete ? "complete" : "NOT complete: that nothing is missing is not shown";
  const rows = facts.map(([name, value]) => row([name, String(value)]));
  return `<p>${escaped(`${audit.requestedAt}, ${audit.seconds} s, ${state}`)}</p><table>${rows.join("")}</table>`;
}

function chart(title: string, sums: readonly (readonly [string, Sum])[]): string {
  const most = Math.max(1, ...sums.map(([, { count }]) => count));
  const bars = sums.map(([name, { count, bytes }]) => {
    const width = Math.round((count / most) * 100);
    const bar = `<div class="bar" style="width:${width}%"></div>`;
    return `<tr><th>${escaped(name)}</th><td class="wide">${bar}</td><td>${count}</td><td>${formatBytes(bytes)}</td></tr>`;
  });
  return `<h2>${title}</h2><table>${bars.join("")}</table>`;
}

function costs({ bytes, orphanBytes }: AuditJson): string {
  const rows = PRICES.map(({ store, dollars, asOf }) => {
    const cost = (amount: number): string => `$${((amount / GB) * dollars).toFixed(2)}`;
    return row([store, `$${dollars} / GB (${asOf})`, cost(bytes), cost(orphanBytes)]);
  });
  const head = row(["prices", "", "all objects, a month", "what no row names, a month"]);
  return `<h2>Cost a month (list prices, storage only)</h2><table>${head}${rows.join("")}</table>`;
}

function table(audit: AuditJson, shown: readonly FindingJson[]): string {
  const head = row(["finding", "key", "path", "size", "since", "outcome"]);
  const rows = shown.map(({ kind, key, path, sizeBytes, modifiedAt, outcome, code }) =>
    row([
      kind,
      key,
      path ?? "",
      sizeBytes === null ? "" : formatBytes(sizeBytes),
      modifiedAt,
      [outcome, code].filter((part) => part !== null).join(": "),
    ]),
  );
  const more = `<p>At most ${LIMITS.auditReportFindings} are shown; all: expunge audit --id ${escaped(audit.id)} --ndjson</p>`;
  return `<h2>Findings</h2><table>${head}${rows.join("")}</table>${more}`;
}

function row(cells: readonly string[]): string {
  return `<tr>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join("")}</tr>`;
}

const STYLE =
  "body{font:14px system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#222;background:#fff}" +
  "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.2rem .6rem;border-bottom:1px solid #ddd;" +
  "font-weight:normal;overflow-wrap:anywhere}.wide{width:50%}.bar{background:#2563a8;height:.9rem;min-width:1px}";

function page({ id }: AuditJson, parts: readonly string[]): string {
  const policy = "default-src 'none'; style-src 'unsafe-inline'";
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8">` +
    `<meta http-equiv="Content-Security-Policy" content="${policy}">` +
    `<title>${escaped(id)}</title><style>${STYLE}</style></head>` +
    `<body><h1>${escaped(id)}</h1>${parts.join("")}</body></html>\n`
  );
}

/** Keys and paths come from whoever stored something: nothing of them may become markup. */
function escaped(text: string): string {
  return printable(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
