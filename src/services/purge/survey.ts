import type { SurfaceListing } from "../../core/layouts/index.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Surface } from "../../core/model.ts";
import type { ObjectEntry } from "../../ports/object-store.ts";
import { listKey, objectPages } from "../listing.ts";
import type { ProjectRef, SurveyContext, UploadListing } from "./run.ts";

/** Objects of one listing page that belong to one surface of the project, and to no other project. */
export interface SurveyPage {
  readonly surface: Surface;
  readonly entries: readonly ObjectEntry[];
}

/** Every surface of the project that has objects, in the order of the sweep. */
export function objectSurfaces(context: SurveyContext, project: ProjectRef): readonly Surface[] {
  const listings = context.layouts.surfacesFor(project).map(({ surface }) => surface);
  return ["tracked", ...listings];
}

/** Where the project's uploads are listed; a prefix may stand there more than once. */
export function uploadListings(
  context: SurveyContext,
  project: ProjectRef,
): readonly UploadListing[] {
  return context.uploadListings?.() ?? context.layouts.surfacesFor(project);
}

/** All surfaces, also those that held nothing: a receipt names each of them. */
export function allSurfaces(
  context: SurveyContext,
  project: ProjectRef,
  versioned: boolean,
): readonly Surface[] {
  const versions: readonly Surface[] = versioned ? ["versions"] : [];
  const cdn: readonly Surface[] = context.cdn ? ["cdn"] : [];
  return [...objectSurfaces(context, project), "multipart", ...versions, ...cdn];
}

/**
 * The objects of one listing surface, page by page, from the start to the end. A key that the layout
 * does not give to this very project is passed over, whatever the prefix was (I4). Keys that a row
 * names are told apart as `tracked`; both differences are reported (R4).
 */
export async function* surveyListing(
  context: SurveyContext,
  project: ProjectRef,
  listing: SurfaceListing,
  signal?: AbortSignal,
): AsyncGenerator<readonly SurveyPage[]> {
  for await (const entries of objectPages(context, listing.prefix, signal)) {
    const own = entries.filter(({ key }) => listing.owns(key));
    const tracked = await context.metadata.whichTracked(
      project.uid,
      own.map(({ key }) => key),
    );
    yield [
      { surface: "tracked" as const, entries: own.filter(({ key }) => tracked.has(key)) },
      { surface: listing.surface, entries: own.filter(({ key }) => !tracked.has(key)) },
    ].filter((page) => page.entries.length > 0);
  }
}

/** Tracked keys that no listing surface covers. */
export async function* uncoveredKeys(
  context: SurveyContext,
  project: ProjectRef,
): AsyncGenerator<{ readonly key: string }> {
  const listings = context.layouts.surfacesFor(project);
  for await (const page of trackedPages(context, project)) {
    for (const { key } of page) {
      if (!listings.some((listing) => listing.owns(key))) yield { key };
    }
  }
}

/** The same, each with what a listing of its own shows. */
export async function* surveyUncovered(
  context: SurveyContext,
  project: ProjectRef,
  signal?: AbortSignal,
): AsyncGenerator<{ readonly key: string; readonly entry: ObjectEntry | null }> {
  for await (const { key } of uncoveredKeys(context, project)) {
    yield { key, entry: await listKey(context, key, signal) };
  }
}

/** Keys that rows of the project name, in order, page by page. */
export async function* trackedPages(
  context: SurveyContext,
  project: ProjectRef,
): AsyncGenerator<readonly { key: string; sizeBytes: number }[]> {
  let after: string | undefined;
  for (;;) {
    const page = await context.metadata.trackedKeys(project.uid, LIMITS.trackedPageKeys, after);
    if (page.length === 0) return;
    yield page;
    after = page.at(-1)?.key;
  }
}
