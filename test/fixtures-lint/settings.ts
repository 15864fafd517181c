/** Wrong on purpose: a misspelt setting (defect 0). Each line marked must not compile. */
import type { Config, ConfigFile, Overrides } from "../../src/config.ts";

declare const config: Config;

export const bucket = config.store.kind === "s3" ? config.store.bucket_name : ""; // expect TS2339
export const grace = config.gracems; // expect TS2551
export const file: ConfigFile = { projectID: "proj_[0-9a-f]{12}" }; // expect TS2561
export const layouts: ConfigFile = { layouts: [{ nam: "audio", template: "{project}/**" }] }; // expect TS2561
export const flags: Overrides = { EXPUNGE_S3_BUKET: "media" }; // expect TS2561
// The right names compile, so that the errors above are due to the names.
export const right: ConfigFile = { projectId: "proj_[0-9a-f]{12}" };
export const port: number = config.port;
