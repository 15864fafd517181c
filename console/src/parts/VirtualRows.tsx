import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, type ReactNode, useRef } from "react";

const ROW_PX = 52;
const BEYOND = 12;

interface RowProps<T> {
  readonly item: T;
  readonly index: number;
  readonly start: number;
  readonly render: (item: T) => ReactNode;
}

/** Made once, and left alone while others come into sight. */
const Row = memo(function Row<T>({ item, index, start, render }: RowProps<T>) {
  return (
    <div
      role="row"
      className="row"
      aria-rowindex={index + 2}
      style={{ position: "absolute", top: start, left: 0, right: 0, height: ROW_PX }}
    >
      {render(item)}
    </div>
  );
}) as <T>(props: RowProps<T>) => ReactNode;

/** A table of any length: only the rows in sight are there. `render` gives the cells of a row. */
export function VirtualRows<T>({
  label,
  className,
  head,
  items,
  keyOf,
  render,
}: {
  readonly label: string;
  readonly className: string;
  readonly head: ReactNode;
  readonly items: readonly T[];
  readonly keyOf: (item: T) => string;
  readonly render: (item: T) => ReactNode;
}) {
  const scroll = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_PX,
    overscan: BEYOND,
  });
  return (
    <div className={`rows ${className}`}>
      <div className="rows-scroll" ref={scroll} tabIndex={0} role="region" aria-label={label}>
        <div role="table" aria-label={label} aria-rowcount={items.length + 1}>
          <div role="row" className="row row-head" aria-rowindex={1}>
            {head}
          </div>
          <div role="rowgroup" style={{ height: rows.getTotalSize(), position: "relative" }}>
            {rows.getVirtualItems().map(({ index, start }) => {
              const item = items[index];
              return item === undefined ? null : (
                <Row key={keyOf(item)} item={item} index={index} start={start} render={render} />
              );
            })}
          </div>
        </div>
      </div>
    </div>
  );
}

/** A heading by which the rows can be sorted. */
export function SortHead<K extends string>({
  by,
  label,
  order,
  onOrder,
  className = "",
}: {
  readonly by: K;
  readonly label: string;
  readonly order: Order<K>;
  readonly onOrder: (order: Order<K>) => void;
  readonly className?: string;
}) {
  const isBy = order.by === by;
  const direction = isBy ? (order.isUp ? "ascending" : "descending") : "none";
  return (
    <span role="columnheader" aria-sort={direction} className={className}>
      <button
        type="button"
        className="sort"
        onClick={() => onOrder({ by, isUp: isBy ? !order.isUp : true })}
      >
        {label} <span aria-hidden="true">{isBy ? (order.isUp ? "↑" : "↓") : ""}</span>
      </button>
    </span>
  );
}

export interface Order<K extends string> {
  readonly by: K;
  readonly isUp: boolean;
}

/** One for all: with options of its own each comparison of texts makes one anew. */
const COLLATOR = new Intl.Collator(undefined, { numeric: true });

/** The items in this order, by what `valueOf` says of each. */
export function sorted<T, K extends string>(
  items: readonly T[],
  { by, isUp }: Order<K>,
  valueOf: (item: T, by: K) => string | number,
): readonly T[] {
  const compare = (a: string | number, b: string | number): number =>
    typeof a === "string" && typeof b === "string" ? COLLATOR.compare(a, b) : Number(a) - Number(b);
  const order = items.toSorted((a, b) => compare(valueOf(a, by), valueOf(b, by)));
  return isUp ? order : order.toReversed();
}
