import type { Dialect } from "./dialects.ts";
import { type XmlNodes, xmlDocument } from "./xml.ts";

/** An answer before it is sent. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Whether the body is an error document: those name the request. */
  readonly isError?: boolean;
}

const NOTHING = new Uint8Array();

export function emptyReply(status: number, headers: Reply["headers"] = {}): Reply {
  return { status, headers, body: NOTHING };
}

export function xmlReply(
  root: string,
  content: XmlNodes | string,
  headers: Reply["headers"] = {},
): Reply {
  const body = xmlDocument(root, content);
  return { status: 200, headers: { "content-type": "application/xml", ...headers }, body };
}

export function errorReply(
  status: number,
  code: string,
  message: string,
  details: Readonly<Record<string, string>> = {},
): Reply {
  const body = xmlDocument("Error", { Code: code, Message: message, ...details });
  return { status, headers: { "content-type": "application/xml" }, body, isError: true };
}

/** S3 tells the times of objects in HTTP headers to the second. */
export function httpDate(at: number): string {
  return new Date(at).toUTCString();
}

/** A time in a document: to the second, written as milliseconds, on AWS. */
export function isoDate(dialect: Dialect, at: number): string {
  const toTheSecond = dialect.listsMilliseconds ? at : Math.floor(at / 1000) * 1000;
  return new Date(toTheSecond).toISOString();
}

export function quoted(etag: string): string {
  return `"${etag}"`;
}
