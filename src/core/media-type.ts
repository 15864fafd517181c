import { LIMITS } from "./limits.ts";

/** A media type with printable ASCII parameters: it is sent back in a header. */
export const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(\s*;[\x20-\x7e]*)?$/;

/** Whether a text may be the type of a file. */
export function isMediaType(text: string): boolean {
  return text.length <= LIMITS.contentTypeCharsMax && MEDIA_TYPE.test(text);
}
