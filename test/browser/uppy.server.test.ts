import { PutBucketCorsCommand } from "@aws-sdk/client-s3";
import { S3ObjectStore } from "../../src/adapters/s3/object-store.ts";
import { s3Server } from "../servers/given.ts";
import { S3Bucket } from "../support/s3-bucket.ts";
import { codeOf } from "./bundle.ts";
import { openUppy } from "./uppy-app.ts";
import { describeUppy } from "./uppy-scenarios.ts";

/** The rules of docs/uploads.md, for the pages of this application. */
function corsRules(origin: string): object[] {
  const [rules = ""] = codeOf("docs/uploads.md", "json");
  return JSON.parse(rules.replace("https://app.example.com", origin)) as object[];
}

describeUppy("a real S3 server", async () => {
  const bucket = await S3Bucket.create(s3Server());
  const store = new S3ObjectStore(bucket.options());
  const uppy = await openUppy(store);
  await bucket.client.send(
    new PutBucketCorsCommand({
      Bucket: bucket.name,
      CORSConfiguration: { CORSRules: corsRules(uppy.url) as never },
    }),
  );
  return {
    ...uppy,
    [Symbol.asyncDispose]: async () => {
      await uppy[Symbol.asyncDispose]();
      store.close();
      await bucket[Symbol.asyncDispose]();
    },
  };
});
