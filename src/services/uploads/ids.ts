import { fromBase64Url } from "../../core/encoding.ts";
import { isUid, randomText } from "../../core/ids.ts";
import type { Context } from "../context.ts";

/** Thirty bits: a guess costs nothing but a `409` in the place of a `404`. */
const TAG_CHARS = 6;

/**
 * The id of an upload, made of a new uid. It tells by its end that it was given out for this project, so
 * that an upload that was ended can be told from one that never was, though its row is gone.
 */
export function uploadIdOf(context: Context, projectUid: string, uid: string): string {
  const head = uid.slice(0, -TAG_CHARS);
  return head + tagOf(context, projectUid, head);
}

/** Whether an id was given out for an upload to the project, whatever became of it. */
export function wasGivenOut(context: Context, projectUid: string, id: string): boolean {
  return isUid(id) && id === uploadIdOf(context, projectUid, id);
}

function tagOf({ urlSigner }: Context, projectUid: string, head: string): string {
  const signature = urlSigner.sign(["upload", projectUid, head].join("\n"));
  return randomText(fromBase64Url(signature), TAG_CHARS);
}
