import { ExpungeError } from "../../core/errors.ts";
import { DEFAULT_ID_FORMAT, parseIdFormat } from "../../core/ids.ts";
import { isKeptByExpunge } from "../../core/keys.ts";
import {
  createOwnLayoutSet,
  type LayoutDefinition,
  matchLayout,
  type OwnLayoutSet,
  type SurfaceListing,
} from "../../core/layouts/index.ts";
import type { UploadListing } from "../purge/run.ts";
import type { TrackedKeys } from "./tracked-keys.ts";

/** Where an application's objects lie, as it declares that to the engine. */
export interface GroundOptions {
  /**
   * The layout below which new objects of a project go, such as `projects/{project}/**`. Absent: objects
   * are known by their tracked keys, and by older layouts.
   */
  readonly canonical?: string;
  /** Older layouts, which are emptied too. */
  readonly layouts?: readonly LayoutDefinition[];
  /** The form of project ids, such as `proj_[0-9a-f]{12}` (docs/layouts.md); needed for layouts alone. */
  readonly projectId?: string;
}

/** Which keys belong to a project, by layouts that are proven to give none to two (I4). */
export class Ground {
  readonly #layouts: OwnLayoutSet;

  /** @throws ExpungeError `invalid-layout`, `ambiguous-layouts`, `invalid-config` for the form of ids */
  constructor({ canonical, layouts = [], projectId }: GroundOptions) {
    const format = projectId === undefined ? DEFAULT_ID_FORMAT : parseIdFormat(projectId);
    this.#layouts = createOwnLayoutSet(format, canonical, layouts);
  }

  /**
   * The canonical prefix, where there is one, then the older layouts.
   * @throws ExpungeError `invalid-project-id`
   */
  listingsFor(projectId: string): readonly SurfaceListing[] {
    if (projectId === "" || !projectId.isWellFormed()) {
      throw new ExpungeError("invalid-project-id", "A project's id is a text that is not empty.");
    }
    return this.#layouts.surfacesFor(projectId);
  }

  /**
   * Where uploads of the project can lie: on its surfaces, and at tracked keys that lie elsewhere. Those
   * are looked for below what all of them begin with.
   */
  uploadListings(
    listings: readonly SurfaceListing[],
    tracked: TrackedKeys,
  ): readonly UploadListing[] {
    const owns = (key: string): boolean => listings.some((listing) => listing.owns(key));
    const elsewhere = tracked.all().filter((key) => !owns(key));
    const [first] = elsewhere;
    if (first === undefined) return listings;
    const prefix = commonStart(first, elsewhere.at(-1) ?? first);
    return [...listings, { prefix, owns: (key) => tracked.has(key) && !owns(key) }];
  }

  /**
   * A tracked key is deleted by the application's word. That it is another project's, or one of what
   * expunge keeps for itself, is still seen, and nothing is removed then (I4).
   * @throws ExpungeError `invalid-request`
   */
  checkTracked(projectId: string, key: string): void {
    if (key === "" || !key.isWellFormed()) throw refused(key, "it is empty or no valid Unicode");
    if (isKeptByExpunge(key)) throw refused(key, "expunge keeps its own there");
    for (const layout of this.#layouts.layouts) {
      const owner = matchLayout(layout, key);
      if (owner === null || owner === projectId) continue;
      throw refused(key, `by the layout '${layout.name}' it belongs to the project '${owner}'`);
    }
  }
}

function refused(key: string, why: string): ExpungeError {
  return new ExpungeError("invalid-request", `The tracked key '${key}' is refused: ${why}.`, {
    details: { key },
    remedy: "Correct what trackedKeys answers; nothing was removed.",
  });
}

/** What two texts begin with, whole characters of it; of sorted texts the first and last are enough. */
function commonStart(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  const start = a.slice(0, length);
  return start.isWellFormed() ? start : start.slice(0, -1);
}
