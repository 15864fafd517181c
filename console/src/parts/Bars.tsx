/** One line of a chart: what it is, its figures in words, and how long its bar is. */
export interface Bar {
  readonly name: string;
  readonly figures: string;
  readonly value: number;
}

/** A chart that can be read without being seen: the bars repeat what the words say. */
export function Bars({
  bars,
  label,
  isKeys = false,
}: {
  readonly bars: readonly Bar[];
  readonly label: string;
  /** Whether the names are keys of the store, or parts of them. */
  readonly isKeys?: boolean;
}) {
  const most = Math.max(...bars.map(({ value }) => value));
  return (
    <ul className="chart" aria-label={label}>
      {bars.map(({ name, figures, value }) => (
        <li key={name}>
          <span className={isKeys ? "key" : undefined}>{name}</span>
          <span className="number">{figures}</span>
          {value > 0 && (
            <div className="bar" aria-hidden="true" style={{ width: `${(value / most) * 100}%` }} />
          )}
        </li>
      ))}
    </ul>
  );
}
