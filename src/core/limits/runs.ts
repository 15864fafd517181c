import { DAY_MS, HOUR_MS, MiB } from "./units.ts";

/** The limits of adoptions and relayouts, of which `LIMITS` is made with the others (R10). */
export const RUN_LIMITS = {
  /** Runs of one adoption or relayout that broke off before it is ended as it stands. */
  runAttemptsMax: 20,
  /** How long they are kept after their end, with their notes. */
  runKeepMs: 30 * DAY_MS,
  /** Notes and projects that are read at a time; notes that are shown to people. */
  runPageRows: 2000,
  runNotesShown: 20,
  /** How often the command line looks at one that runs, or at an audit. */
  runPollMs: 250,
  /** Adoption: an object must be so old, where nothing is said: it may be half written. */
  adoptMinAgeMs: HOUR_MS,
  /** Adoption: objects that are looked at at a time. */
  adoptLooksInFlight: 16,
  /** Relayout: files whose copies are begun together, and how many are copied at a time. */
  relayoutPageFiles: 64,
  relayoutCopiesInFlight: 8,
  /** Relayout: the store copies so much in one request; a larger object is proven by reading it. */
  relayoutPartBytes: 512 * MiB,
  /** Relayout: old objects that are finished or undone together; projects that one may name. */
  relayoutPageHeld: 200,
  relayoutProjectsMax: 100,
} as const;
