import { compareUtf8 } from "../../../core/encoding.ts";
import type { Surface, SurfaceCounts } from "../../../core/model.ts";
import type { DeletionRow } from "./state.ts";

type Counts = { -readonly [K in keyof SurfaceCounts]: SurfaceCounts[K] };

/**
 * The counts of every surface that has an entry or residue. While the deletion runs `deleted` is
 * progress, and never more than was found; `sealed` counts are exact, since nothing of what was found
 * is left then (R7).
 */
export function surfaceCounts(
  row: DeletionRow,
  sealed: boolean = row.state === "completed",
): readonly SurfaceCounts[] {
  const all = new Map<Surface, Counts>();
  const of = (surface: Surface): Counts => {
    const counts = all.get(surface) ?? noCounts(surface);
    all.set(surface, counts);
    return counts;
  };
  for (const { surface, seen, bytes } of row.log.values()) {
    const counts = of(surface);
    if (seen) {
      counts.found++;
      counts.bytes += bytes;
    } else counts.absent++;
  }
  countPurges(row, () => of("cdn"));
  for (const { surface, outcome } of row.residue) of(surface)[outcome]++;
  for (const counts of all.values()) {
    if (counts.surface === "cdn") continue;
    const gone = row.gone.get(counts.surface) ?? 0;
    counts.deleted = sealed ? counts.found : Math.min(counts.found, gone);
  }
  return [...all.values()].sort(
    (a, b) => rank(a.surface) - rank(b.surface) || compareUtf8(a.surface, b.surface),
  );
}

/** Of a completed deletion the counts are final, whatever its settles purge. */
function countPurges(row: DeletionRow, counts: () => Counts): void {
  if (row.state === "completed") {
    if (row.cdnPurged > 0)
      Object.assign(counts(), { found: row.cdnPurged, deleted: row.cdnPurged });
    return;
  }
  for (const { acceptedAt } of row.cdnTargets.values()) {
    counts().found++;
    if (acceptedAt !== null) counts().deleted++;
  }
}

function noCounts(surface: Surface): Counts {
  return {
    surface,
    found: 0,
    deleted: 0,
    absent: 0,
    failed: 0,
    blocked: 0,
    unknown: 0,
    bytes: 0,
  };
}

/** The order in which surfaces are swept (ARCHITECTURE.md, "The deletion"). */
function rank(surface: Surface): number {
  switch (surface) {
    case "tracked":
      return 0;
    case "canonical":
      return 1;
    case "multipart":
      return 3;
    case "versions":
      return 4;
    case "cdn":
      return 5;
    default:
      return 2;
  }
}
