import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { dialectOf } from "./dialects.ts";
import { BUCKET, refusalOf, useWire } from "./fixture.ts";

const start = useWire();

describe("R2 as the wire server speaks it", () => {
  it("lets new objects come under a bucket lock, and none be replaced or removed", async () => {
    const dialect = dialectOf("r2", { lockedPrefixes: ["kept/"] });
    const { client, server } = await start({ dialect });
    const Bucket = BUCKET;
    await client.send(new PutObjectCommand({ Bucket, Key: "kept/a", Body: "first" }));
    await client.send(new PutObjectCommand({ Bucket, Key: "free", Body: "x" }));
    const locked = [403, "ObjectLockedByBucketPolicy"];
    const again = client.send(new PutObjectCommand({ Bucket, Key: "kept/a", Body: "second" }));
    expect(await refusalOf(again)).toEqual(locked);
    const gone = client.send(new DeleteObjectCommand({ Bucket, Key: "kept/a" }));
    expect(await refusalOf(gone)).toEqual(locked);
    const Objects = [{ Key: "free" }, { Key: "kept/a" }];
    const { Deleted, Errors } = await client.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects } }),
    );
    expect(Deleted?.map(({ Key }) => Key)).toEqual(["free"]);
    expect(Errors?.map(({ Key, Code }) => [Key, Code])).toEqual([
      ["kept/a", "ObjectLockedByBucketPolicy"],
    ]);
    const upload = { Bucket, Key: "kept/a" };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(upload));
    const part = new UploadPartCommand({ ...upload, UploadId, PartNumber: 1, Body: "third" });
    const Parts = [{ PartNumber: 1, ETag: (await client.send(part)).ETag }];
    const complete = new CompleteMultipartUploadCommand({
      ...upload,
      UploadId,
      MultipartUpload: { Parts },
    });
    expect(await refusalOf(client.send(complete))).toEqual(locked);
    expect([...server.bucket(BUCKET).store.snapshot().objects.keys()]).toEqual(["kept/a"]);
  });

  it("takes two compositions of one name for one key, and lists it as it was written last", async () => {
    const { client } = await start({ dialect: dialectOf("r2", { normalisesKeys: true }) });
    const [composed, decomposed] = ["é", "e\u0301"];
    const Bucket = BUCKET;
    await client.send(new PutObjectCommand({ Bucket, Key: composed, Body: "one" }));
    await client.send(new PutObjectCommand({ Bucket, Key: decomposed, Body: "other" }));
    const { Contents } = await client.send(new ListObjectsV2Command({ Bucket, Prefix: composed }));
    expect(Contents?.map(({ Key }) => Key)).toEqual([decomposed]);
    expect(
      (await client.send(new HeadObjectCommand({ Bucket, Key: composed }))).ContentLength,
    ).toBe(5);
    const Objects = [{ Key: composed }];
    const { Deleted } = await client.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects } }),
    );
    expect(Deleted?.map(({ Key }) => Key)).toEqual([composed]);
    expect((await client.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0);
  });
});
