import type { Lack } from "../../core/store-lacks.ts";
import type { Client } from "./client.ts";
import type { KeySpace } from "./keys.ts";
import type { ProviderRules } from "./rules.ts";

/** Where the objects lie, and how to get at them. */
export interface Place {
  readonly client: Client;
  readonly keys: KeySpace;
  readonly rules: ProviderRules;
  /** What the store is declared to lack. */
  readonly without: readonly Lack[];
}
