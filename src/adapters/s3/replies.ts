import type { S3Client } from "@aws-sdk/client-s3";
import { fromUtf8 } from "../../core/encoding.ts";
import { BrokenReply } from "./failures.ts";
import type { WireResponse } from "./exchange.ts";

/**
 * The root element of the XML that each command's good reply must have; what is not listed here
 * answers without a body.
 * Source: AWS S3 API reference, "Response syntax" of each operation.
 */
const ROOTS: Readonly<Record<string, string>> = {
  CompleteMultipartUploadCommand: "CompleteMultipartUploadResult",
  CreateMultipartUploadCommand: "InitiateMultipartUploadResult",
  DeleteObjectsCommand: "DeleteResult",
  GetBucketVersioningCommand: "VersioningConfiguration",
  GetObjectLockConfigurationCommand: "ObjectLockConfiguration",
  ListMultipartUploadsCommand: "ListMultipartUploadsResult",
  ListObjectsV2Command: "ListBucketResult",
  ListObjectVersionsCommand: "ListVersionsResult",
  ListPartsCommand: "ListPartsResult",
  UploadPartCopyCommand: "CopyPartResult",
};

const ERROR = "Error";

/** Read for the name of its first element: the rest of a document does not come into it. */
const FIRST_ELEMENT = /^\uFEFF?\s*(?:<\?[^>]*\?>\s*|<!--[^]*?-->\s*)*<(?:[\w.-]+:)?([\w.-]+)[\s>/]/;

/**
 * Lets no reply pass for one of S3's that is none. The SDK reads any XML document in the place of the
 * one it expects, whatever its root is: a proxy's page would be an empty listing, which is the evidence
 * that a deletion rests on (R6), and `<Error>` with a newline behind it a completed upload.
 */
export function refuseForeignReplies(client: S3Client): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      const response = result.response as WireResponse & { statusCode: number };
      const { body, statusCode } = response;
      if (!(body instanceof Uint8Array)) return result;
      const root = rootOf(body, statusCode);
      if (statusCode >= 300) {
        // HEAD has no body, and the SDK maps an empty one by the status alone.
        if (root === null || root === ERROR) return result;
        throw new BrokenReply(`a failure that is no S3 error but <${root}>`, statusCode);
      }
      // The status went out before the failure was known (AWS, CompleteMultipartUpload): the SDK
      // reads it as an error's reply, by its code.
      if (root === ERROR) response.statusCode = 500;
      else if (root !== (ROOTS[context.commandName ?? ""] ?? null)) {
        throw new BrokenReply(`a reply with ${root === null ? "nothing" : `<${root}>`} in it`);
      }
      return result;
    },
    // The nearest to the wire of all that see a reply.
    { step: "deserialize", priority: "low", name: "expungeForeignReplies" },
  );
}

/** The name of the root element, or null where there is nothing but space. */
function rootOf(body: Uint8Array, status: number): string | null {
  const head = body.subarray(0, HEAD_BYTES);
  let text: string;
  try {
    text = fromUtf8(wholeCharacters(head));
  } catch {
    throw new BrokenReply("a reply that is not UTF-8", status);
  }
  const root = FIRST_ELEMENT.exec(text)?.[1];
  if (root !== undefined) return root;
  if (text.trim() === "" && head.length === body.length) return null;
  throw new BrokenReply("a reply that is not XML", status);
}

/** CompleteMultipartUpload may answer with much space before it: it keeps the connection alive. */
const HEAD_BYTES = 64 * 1024;

/** Without what the cut may have left of the last character. */
function wholeCharacters(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  if (end < HEAD_BYTES) return bytes;
  while (end > 0 && ((bytes[end - 1] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, Math.max(0, end - 1));
}
