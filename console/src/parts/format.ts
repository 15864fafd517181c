const BYTES = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** A size as people read it. */
export function bytes(count: number): string {
  const step = count < 1000 ? 0 : Math.min(Math.floor(Math.log10(count) / 3), BYTES.length - 1);
  const unit = BYTES[step] ?? "byte";
  return new Intl.NumberFormat("en", {
    style: "unit",
    unit,
    unitDisplay: unit === "byte" ? "long" : "short",
    maximumFractionDigits: step === 0 ? 0 : 1,
  }).format(count / 1000 ** step);
}

export function count(value: number): string {
  return new Intl.NumberFormat("en").format(value);
}

/** A number with the thing that it counts. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

export function moment(text: string): string {
  return new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" }).format(
    new Date(text),
  );
}

const STEPS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
] as const;

/** A time span by its largest unit, such as "3 hours". */
export function span(ms: number): string {
  const [unit, size] = STEPS.find(([, size]) => ms >= size) ?? ["second", 1000];
  return counted(Math.max(1, Math.round(ms / size)), unit);
}

/** How far a moment is from now, such as "in 3 hours" or "3 hours ago". */
export function fromNow(text: string, nowMs: number): string {
  const ms = new Date(text).getTime() - nowMs;
  if (Math.abs(ms) < 1000) return "now";
  return ms > 0 ? `in ${span(ms)}` : `${span(-ms)} ago`;
}
