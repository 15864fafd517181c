import { createHash } from "node:crypto";
import type { DeleteObjectsCommand } from "@aws-sdk/client-s3";

/**
 * Gives the command's body a Content-MD5 in the place of the SDK's CRC32: stores that are older than
 * the newer checksums take nothing else (the SDK sends CRC32 even where it shall only send what is
 * required).
 */
export function withContentMd5(command: DeleteObjectsCommand): DeleteObjectsCommand {
  command.middlewareStack.add(
    (next) => async (args) => {
      const { headers, body } = args.request as { headers: Record<string, string>; body: unknown };
      for (const name of Object.keys(headers)) {
        if (/^x-amz-(sdk-)?checksum-/i.test(name)) delete headers[name];
      }
      if (typeof body !== "string" && !(body instanceof Uint8Array)) {
        throw new TypeError("only bytes that are there at once have a Content-MD5");
      }
      headers["content-md5"] = createHash("md5").update(body).digest("base64");
      return await next(args);
    },
    // Behind the SDK's checksums, which are of the same step, and before the request is signed.
    { step: "build", priority: "low", name: "expungeContentMd5" },
  );
  return command;
}
