import { ExpungeError } from "../errors.ts";
import { type IdFormat, isProjectId } from "../ids.ts";
import { canonicalPrefix } from "../keys.ts";
import type { Surface } from "../model.ts";
import { hasListingPrefix, listingPrefix, matchLayout } from "./match.ts";
import { findConflict, type Provable, provable } from "./overlap.ts";
import {
  CANONICAL_LAYOUT,
  CANONICAL_NAME,
  invalidLayout,
  type Layout,
  type LayoutDefinition,
  parseLayout,
  parseTemplate,
} from "./template.ts";

export { type Explanation, explainKey } from "./match.ts";
export { hasListingPrefix, listingPrefix, matchLayout } from "./match.ts";
export type { Layout, LayoutDefinition } from "./template.ts";

/** A surface that is emptied by listing: where to list, and which of the listed keys to take. */
export interface SurfaceListing {
  readonly surface: Surface;
  readonly prefix: string;
  /** Whether a key lies on this surface and belongs to this very project (I4). */
  readonly owns: (key: string) => boolean;
}

/** The layouts of a store, proven to give no key to two projects. */
export interface LayoutSet {
  readonly idFormat: IdFormat;
  /** The legacy layouts, as declared. The canonical one is not among them. */
  readonly layouts: readonly Layout[];
  /** Names of those with a `*` before `{project}`: each deletion lists the keys of all projects. */
  readonly withoutListingPrefix: readonly string[];
  /**
   * The canonical prefix, then every legacy layout in the order of declaration.
   * @throws RangeError when the uid is none
   * @throws ExpungeError `invalid-project-id` when layouts are declared and the id is not of the form
   * that they are read with: its keys would be passed over in silence (I12)
   */
  surfacesFor(project: { readonly id: string; readonly uid: string }): readonly SurfaceListing[];
}

/**
 * Compiles the declared layouts and proves that no key can belong to two projects, by any two of them,
 * by one of them alone, or by one and the canonical layout.
 * @throws ExpungeError `invalid-layout`, or `ambiguous-layouts` with the shortest such key in its
 * details `{key, first: {layout, id}, second: {layout, id}}`
 */
export function createLayoutSet(
  idFormat: IdFormat,
  definitions: readonly LayoutDefinition[],
): LayoutSet {
  const layouts = definitions.map((definition) => parseLayout(idFormat, definition));
  refuseSameNames(layouts);
  prove(layouts, [CANONICAL_LAYOUT]);
  return {
    idFormat,
    layouts,
    withoutListingPrefix: layouts
      .filter((layout) => !hasListingPrefix(layout))
      .map(({ name }) => name),
    surfacesFor: ({ id, uid }) => [
      canonicalSurface(uid),
      // No id has the form of a uid, but for a project whose own id another one has by now
      // (`buryAgain`): the legacy objects of that id are the other one's (I4).
      ...(id === uid ? [] : surfacesOf(idFormat, layouts, id)),
    ],
  };
}

/** The layouts of an application that writes its objects by itself, proven in the same way. */
export interface OwnLayoutSet {
  /** The canonical one first, where there is one. */
  readonly layouts: readonly Layout[];
  /** @throws ExpungeError `invalid-project-id` when there are layouts and the id is not of the form */
  surfacesFor(projectId: string): readonly SurfaceListing[];
}

/**
 * The same for an application whose keys expunge does not make: its canonical layout is what it declares,
 * if any, and holds ids where that of expunge holds uids.
 * @throws ExpungeError `invalid-layout`, `ambiguous-layouts`
 */
export function createOwnLayoutSet(
  idFormat: IdFormat,
  canonical: string | undefined,
  definitions: readonly LayoutDefinition[],
): OwnLayoutSet {
  const layouts = definitions.map((definition) => parseLayout(idFormat, definition));
  if (canonical !== undefined) {
    layouts.unshift(parseTemplate(idFormat, { name: CANONICAL_NAME, template: canonical }));
  }
  refuseSameNames(layouts);
  prove(layouts, []);
  return { layouts, surfacesFor: (id) => surfacesOf(idFormat, layouts, id) };
}

function surfacesOf(
  idFormat: IdFormat,
  layouts: readonly Layout[],
  id: string,
): readonly SurfaceListing[] {
  if (layouts.length > 0 && !isProjectId(idFormat, id)) {
    throw new ExpungeError(
      "invalid-project-id",
      `No layout can be searched for the project '${id.slice(0, 80)}': ids are now declared as ${idFormat.text}.`,
    );
  }
  return layouts.map((layout) => ({
    surface: layout.name === CANONICAL_NAME ? layout.name : `legacy:${layout.name}`,
    prefix: listingPrefix(layout, id),
    owns: (key) => matchLayout(layout, key) === id,
  }));
}

function canonicalSurface(uid: string): SurfaceListing {
  const prefix = canonicalPrefix(uid);
  return { surface: "canonical", prefix, owns: (key) => key.startsWith(prefix) };
}

function refuseSameNames(layouts: readonly Layout[]): void {
  const names = new Set<string>();
  for (const layout of layouts) {
    if (names.has(layout.name)) throw invalidLayout(layout, "another layout has this name");
    names.add(layout.name);
  }
}

/** @param others what they must not meet either */
function prove(layouts: readonly Layout[], others: readonly Layout[]): void {
  const before = others.map((layout) => provable(layout));
  const proven: Provable[] = [];
  for (const layout of layouts) {
    const candidate = provable(layout);
    refuseConflict(candidate, candidate);
    if (layout.openSlot) {
      throw invalidLayout(
        layout,
        "what follows {project} must begin with a character that no id has, or ids be declared with a fixed length",
      );
    }
    for (const other of [...before, ...proven]) refuseConflict(other, candidate);
    proven.push(candidate);
  }
}

/** @throws ExpungeError `ambiguous-layouts` */
function refuseConflict(first: Provable, second: Provable): void {
  const conflict = findConflict(first, second);
  if (conflict === null) return;
  const { key, firstId, secondId } = conflict;
  throw new ExpungeError(
    "ambiguous-layouts",
    `The key '${key}' belongs to ${ownerOf(first.layout, firstId)} and to ${ownerOf(second.layout, secondId)}.`,
    {
      details: {
        key,
        first: { layout: first.layout.name, id: firstId },
        second: { layout: second.layout.name, id: secondId },
      },
    },
  );
}

function ownerOf({ name, template }: Layout, id: string): string {
  return `'${id}' by layout ${name} (${template})`;
}
