import { useState } from "react";

/** Which rows of a table are chosen, by their keys. */
export interface Selection<T> {
  /** Those of the rows that may be chosen, in their order. */
  readonly selected: readonly T[];
  readonly isChosen: (row: T) => boolean;
  readonly choose: (row: T, isChosen: boolean) => void;
  /** Of the box that stands for all of them. */
  readonly all: {
    readonly checked: boolean;
    readonly indeterminate: boolean;
    readonly onChange: () => void;
  };
}

export function useSelection<T>(choosable: readonly T[], keyOf: (row: T) => string): Selection<T> {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const isChosen = (row: T): boolean => chosen.has(keyOf(row));
  const selected = choosable.filter((row) => isChosen(row));
  const isAll = choosable.length > 0 && selected.length === choosable.length;
  return {
    selected,
    isChosen,
    choose: (row, isChosenNow) => {
      const next = new Set(chosen);
      if (isChosenNow) next.add(keyOf(row));
      else next.delete(keyOf(row));
      setChosen(next);
    },
    all: {
      checked: isAll,
      indeterminate: !isAll && selected.length > 0,
      onChange: () => setChosen(new Set(isAll ? [] : choosable.map(keyOf))),
    },
  };
}
