import { Stack, Text, TextInput, Title } from "@mantine/core";
import type { AuditJson, FindingJson } from "expunge/client";
import { useState } from "react";
import { type Bar, Bars } from "../parts/Bars.tsx";
import { bytes, counted } from "../parts/format.ts";

const GIGABYTE = 1e9;
const DAY_MS = 86_400_000;
const PREFIXES = 12;

/** The same as in the report of the command line. */
const AGES = [
  { name: "Up to a day", days: 1 },
  { name: "Up to a week", days: 7 },
  { name: "Up to 30 days", days: 30 },
  { name: "Up to a year", days: 365 },
  { name: "Older", days: Number.POSITIVE_INFINITY },
] as const;

/** What findings have in common: how many there are, how many of them lack their object, and their bytes. */
interface Sum {
  readonly count: number;
  readonly missing: number;
  readonly sizeBytes: number;
}

const NOTHING: Sum = { count: 0, missing: 0, sizeBytes: 0 };

function plus({ count, missing, sizeBytes }: Sum, finding: FindingJson): Sum {
  return {
    count: count + 1,
    missing: missing + (finding.kind === "dangling" ? 1 : 0),
    sizeBytes: sizeBytes + (finding.sizeBytes ?? 0),
  };
}

function summed(
  findings: readonly FindingJson[],
  nameOf: (finding: FindingJson) => string,
): ReadonlyMap<string, Sum> {
  const sums = new Map<string, Sum>();
  for (const finding of findings) {
    const name = nameOf(finding);
    sums.set(name, plus(sums.get(name) ?? NOTHING, finding));
  }
  return sums;
}

/** The first two segments of a key: the place where it lies. */
function prefixOf({ key }: FindingJson): string {
  const segments = key.split("/");
  return segments.length === 1
    ? "(no prefix)"
    : `${segments.slice(0, Math.min(2, segments.length - 1)).join("/")}/`;
}

/** How old it was when the audit began. */
function ageOf({ requestedAt }: AuditJson, { modifiedAt }: FindingJson): string {
  const days = (Date.parse(requestedAt) - Date.parse(modifiedAt)) / DAY_MS;
  return (AGES.find((age) => days <= age.days) ?? AGES[0]).name;
}

/** What the findings of an audit take and cost, by age and by prefix. */
export function Costs({
  audit,
  findings,
}: {
  readonly audit: AuditJson;
  readonly findings: readonly FindingJson[];
}) {
  const [price, setPrice] = useState("0.015");
  const perGigabyte = Number(price);
  const isPrice = Number.isFinite(perGigabyte) && perGigabyte >= 0 && price.trim() !== "";
  const costOf = (sizeBytes: number): string =>
    isPrice ? `${((sizeBytes / GIGABYTE) * perGigabyte).toFixed(4)} a month` : "no price";
  const figuresOf = ({ count, missing, sizeBytes }: Sum): string =>
    [
      counted(count, "finding"),
      ...(missing > 0 ? [`${counted(missing, "object")} missing`] : []),
      ...(sizeBytes > 0 ? [bytes(sizeBytes), costOf(sizeBytes)] : []),
    ].join(", ");
  const barOf = ([name, sum]: readonly [string, Sum], value: number): Bar => ({
    name,
    figures: figuresOf(sum),
    value,
  });
  const byAge = summed(findings, (finding) => ageOf(audit, finding));
  const ages = AGES.map(({ name }) => [name, byAge.get(name) ?? NOTHING] as const);
  const prefixes = [...summed(findings, prefixOf)].toSorted(
    ([, a], [, b]) => b.sizeBytes - a.sizeBytes || b.count - a.count,
  );
  const all = findings.reduce(plus, NOTHING);
  return (
    <section className="card" aria-labelledby="costs">
      <Stack gap="sm">
        <Title order={2} size="h4" id="costs">
          What it costs a month
        </Title>
        <Text size="sm">All together: {figuresOf(all)}.</Text>
        <TextInput
          label="Price of a gigabyte a month"
          description="In your provider's currency; storage alone. The figure is yours, the sizes are the store's."
          inputMode="decimal"
          w={260}
          value={price}
          error={isPrice ? null : "Write a number, such as 0.015."}
          onChange={(event) => setPrice(event.currentTarget.value)}
        />
        <Title order={3} size="h5">
          By age
        </Title>
        <Bars label="Findings by age" bars={ages.map((age) => barOf(age, age[1].count))} />
        <Title order={3} size="h5">
          By place
        </Title>
        <Bars
          label="Findings by place"
          isKeys
          bars={prefixes.slice(0, PREFIXES).map((prefix) => barOf(prefix, prefix[1].sizeBytes))}
        />
        {prefixes.length > PREFIXES && (
          <Text size="sm" c="dimmed">
            and {counted(prefixes.length - PREFIXES, "other place")}
          </Text>
        )}
      </Stack>
    </section>
  );
}
