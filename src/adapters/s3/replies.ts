import type { S3Client } from "@aws-sdk/client-s3";
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
  GetBucketLifecycleConfigurationCommand: "LifecycleConfiguration",
  GetBucketVersioningCommand: "VersioningConfiguration",
  GetObjectLockConfigurationCommand: "ObjectLockConfiguration",
  ListBucketsCommand: "ListAllMyBucketsResult",
  ListMultipartUploadsCommand: "ListMultipartUploadsResult",
  ListObjectsV2Command: "ListBucketResult",
  ListObjectVersionsCommand: "ListVersionsResult",
  ListPartsCommand: "ListPartsResult",
  UploadPartCopyCommand: "CopyPartResult",
};

const ERROR = "Error";

/** Read for the name of its first element: the rest of a document does not come into it. */
const FIRST_ELEMENT =
  /^(?:\u00ef\u00bb\u00bf)?\s*(?:<\?[^>]*\?>\s*|<!--[^]*?-->\s*)*<(?:[\w.-]+:)?([\w.-]+)[\s>/]/;

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
  // Names are ASCII. What else is there need not be UTF-8: Ceph 16.2 puts foreign bytes of its memory
  // behind a long key in the reply to a completion.
  const head = Buffer.from(body.subarray(0, HEAD_BYTES)).toString("latin1");
  const root = FIRST_ELEMENT.exec(head)?.[1];
  if (root !== undefined) return root;
  if (head.trim() === "" && head.length === body.length) return null;
  throw new BrokenReply("a reply that is not XML", status);
}

/** CompleteMultipartUpload may answer with much space before it: it keeps the connection alive. */
const HEAD_BYTES = 64 * 1024;
