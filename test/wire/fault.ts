import type { ObjectEntry } from "../../src/ports/object-store.ts";
import type { Reply } from "./reply.ts";

/** What a fault says of one key in a DeleteObjects. */
export type EntryFault =
  /** An `Error` entry; the key stays. */
  | { readonly kind: "error"; readonly code: string; readonly message: string }
  /** A `Deleted` entry, and the key stays: R2 did that to keys with space at an end until 2022. */
  | { readonly kind: "claimed" }
  /** The reply does not mention the key. */
  | { readonly kind: "left-out"; readonly removes: boolean };

/** How a listing goes wrong; several may hold at once. */
export interface ListingFault {
  /** Entries of the page at most, whatever was asked for. */
  readonly entriesMax?: number;
  /** Nothing is shown; the next token leads to what should have been. Only ListObjectsV2. */
  readonly empty?: boolean;
  /** Truncated, and no word of where to go on. */
  readonly withoutToken?: boolean;
  /** The token (or marker) that was sent is given again. */
  readonly repeatsToken?: boolean;
  /** A key that was not asked for comes as well. */
  readonly foreignKey?: string;
  /** The objects of an earlier time. Only ListObjectsV2. */
  readonly stale?: readonly ObjectEntry[];
}

/** One way to go wrong. What is left out goes as it should. */
export interface Fault {
  readonly name: string;
  /**
   * Answered in the place of the effect; `silence`: nothing is, and the connection stays open; `reset`:
   * nothing is, and the connection breaks.
   */
  readonly instead?: Reply | "silence" | "reset";
  /** How often the effect happens, if nothing is answered instead; the last answer counts. */
  readonly effects?: number;
  /** The effect waits for this, while nothing is answered. */
  readonly until?: Promise<unknown>;
  /** Told when a late effect has happened. */
  readonly landed?: () => void;
  /** What becomes of each key in a DeleteObjects; null where it goes as it should. */
  readonly entry?: (key: string) => EntryFault | null;
  readonly listing?: ListingFault;
  /** GetObject answers the whole object, whatever range was asked for. */
  readonly ignoresRange?: boolean;
  /** Makes another answer of the right one. */
  readonly edit?: (reply: Reply) => Reply;
  /** How the answer gets lost on its way: what of its body still arrives, and how that ends. */
  readonly lost?: {
    /** A share of the body that arrives behind the headers; null: not even those. */
    readonly share: number | null;
    readonly end: "reset" | "close" | "hang";
  };
}
