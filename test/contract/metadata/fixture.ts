/** What the parts of the contract work with, in one place to import it from. */
export * from "./base.ts";
export * from "./rows.ts";
export * from "./steps.ts";
