import { createHash } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { sendRaw } from "./client.ts";
import { dialectOf } from "./dialects.ts";
import { BUCKET, refusalOf, useWire } from "./fixture.ts";

const start = useWire();
const Key = "made/of parts";

async function open(client: S3Client): Promise<{ Bucket: string; Key: string; UploadId: string }> {
  const { UploadId = "" } = await client.send(
    new CreateMultipartUploadCommand({ Bucket: BUCKET, Key }),
  );
  return { Bucket: BUCKET, Key, UploadId };
}

/** Sends parts of these bodies, numbered from 1; answers what a completion names. */
async function sendParts(
  client: S3Client,
  upload: Awaited<ReturnType<typeof open>>,
  ...bodies: readonly string[]
): Promise<{ PartNumber: number; ETag: string | undefined }[]> {
  const parts = [];
  for (const [i, Body] of bodies.entries()) {
    const PartNumber = i + 1;
    const { ETag } = await client.send(new UploadPartCommand({ ...upload, PartNumber, Body }));
    parts.push({ PartNumber, ETag });
  }
  return parts;
}

describe("uploads on the wire", () => {
  it("become an object by their completion, and are known no more", async () => {
    const { client, server } = await start({}, { partBytesMin: 4 });
    const upload = await open(client);
    const Parts = await sendParts(client, upload, "four", "end");
    const listed = await client.send(new ListPartsCommand({ ...upload, MaxParts: 1 }));
    expect([listed.IsTruncated, listed.NextPartNumberMarker]).toEqual([true, "1"]);
    const rest = await client.send(
      new ListPartsCommand({ ...upload, PartNumberMarker: listed.NextPartNumberMarker }),
    );
    expect(rest.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([[2, 3]]);
    const complete = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } });
    expect((await client.send(complete)).ETag).toMatch(/^"[0-9a-f]{32}"$/);
    expect(
      Buffer.from(server.bucket(BUCKET).store.snapshot().objects.get(Key) ?? []).toString(),
    ).toBe("fourend");
    const codes = await Promise.all([
      refusalOf(client.send(complete)),
      refusalOf(client.send(new ListPartsCommand(upload))),
      refusalOf(client.send(new AbortMultipartUploadCommand(upload))),
    ]);
    for (const code of codes) expect(code).toEqual([404, "NoSuchUpload"]);
  });

  it("are completed a second time by Ceph, which answers as before", async () => {
    const { client } = await start({ dialect: dialectOf("ceph") }, { partBytesMin: 1 });
    const upload = await open(client);
    const Parts = await sendParts(client, upload, "one");
    const complete = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } });
    const first = await client.send(complete);
    expect((await client.send(complete)).ETag).toBe(first.ETag);
    expect(first.ETag).not.toContain('"');
    expect(await refusalOf(client.send(new AbortMultipartUploadCommand(upload)))).toEqual([
      404,
      "NoSuchUpload",
    ]);
  });

  it("refuse a completion that does not fit, each with its own code, and stay open", async () => {
    const { client, server } = await start();
    const upload = await open(client);
    const [one, two] = await sendParts(client, upload, "too small", "end");
    if (!one || !two) throw new Error("there are two parts");
    const complete = (Parts: { PartNumber: number; ETag: string | undefined }[]) =>
      refusalOf(
        client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } })),
      );
    expect(await complete([two, one])).toEqual([400, "InvalidPartOrder"]);
    expect(await complete([one, one])).toEqual([400, "InvalidPartOrder"]);
    expect(await complete([{ ...one, ETag: two.ETag }])).toEqual([400, "InvalidPart"]);
    expect(await complete([{ ...one, PartNumber: 3 }])).toEqual([400, "InvalidPart"]);
    expect(await complete([one, two])).toEqual([400, "EntityTooSmall"]);
    expect(await complete([])).toEqual([400, "MalformedXML"]);
    const path = `/${BUCKET}/${Key.replace(" ", "%20")}`;
    const raw = { method: "POST", path, query: `uploadId=${upload.UploadId}`, body: "<Complete/>" };
    expect((await sendRaw(server, raw)).code).toBe("MalformedXML");
    expect((await client.send(new ListPartsCommand(upload))).Parts).toHaveLength(2);
  });

  it("must name every part on Ceph, and have parts of one size on R2", async () => {
    const codeOf = async (name: "aws" | "ceph" | "r2", bodies: string[], named: number) => {
      const { client } = await start({ dialect: dialectOf(name) }, { partBytesMin: 2 });
      const upload = await open(client);
      const Parts = (await sendParts(client, upload, ...bodies)).slice(0, named);
      const complete = new CompleteMultipartUploadCommand({
        ...upload,
        MultipartUpload: { Parts },
      });
      try {
        await client.send(complete);
        return "done";
      } catch (error) {
        return `${(error as Error).name}: ${(error as Error).message}`;
      }
    };
    expect(await codeOf("aws", ["one", "two"], 1)).toBe("done");
    expect(await codeOf("ceph", ["one", "two"], 1)).toMatch("InvalidPart");
    expect(await codeOf("aws", ["four", "two", "x"], 3)).toBe("done");
    expect(await codeOf("r2", ["four", "two", "x"], 3)).toBe(
      "InvalidPart: All non-trailing parts must have the same length.",
    );
    expect(await codeOf("r2", ["four", "five", "longer"], 3)).toBe("done");
  });

  it("lose everything by an abort, and know no part number outside 1 to 10,000", async () => {
    const { client, server } = await start();
    const upload = await open(client);
    for (const PartNumber of [0, 10_001]) {
      expect(
        await refusalOf(client.send(new UploadPartCommand({ ...upload, PartNumber, Body: "x" }))),
      ).toEqual([400, "InvalidArgument"]);
    }
    await sendParts(client, upload, "x");
    await client.send(new AbortMultipartUploadCommand(upload));
    const left = server.bucket(BUCKET).store.snapshot();
    expect([left.objects.size, left.uploads.size]).toEqual([0, 0]);
    const late = new UploadPartCommand({ ...upload, PartNumber: 1, Body: "late" });
    expect(await refusalOf(client.send(late))).toEqual([404, "NoSuchUpload"]);
    const other = new ListPartsCommand({ ...upload, Key: "other" });
    expect(await refusalOf(client.send(other))).toEqual([404, "NoSuchUpload"]);
  });

  it("take parts from ranges of other objects, whole or not at all", async () => {
    const refused = { aws: [400, "InvalidArgument"], ceph: [416, "InvalidRange"] } as const;
    for (const name of ["aws", "ceph"] as const) {
      const { client, server } = await start({ dialect: dialectOf(name) });
      await server.bucket(BUCKET).store.put("from ü+/x", new TextEncoder().encode("0123456789"));
      const upload = await open(client);
      const copy = (source: string, CopySourceRange?: string, CopySourceIfMatch?: string) =>
        client.send(
          new UploadPartCopyCommand({
            ...upload,
            PartNumber: 1,
            CopySource: `${BUCKET}/${source}`,
            CopySourceRange,
            CopySourceIfMatch,
          }),
        );
      const source = encodeURIComponent("from ü+/x");
      expect(await refusalOf(copy("missing", "bytes=0-3"))).toEqual([404, "NoSuchKey"]);
      expect(await refusalOf(copy(source, "bytes=5-10"))).toEqual(refused[name]);
      const other = '"00000000000000000000000000000000"';
      expect(await refusalOf(copy(source, "bytes=0-3", other))).toEqual([
        412,
        "PreconditionFailed",
      ]);
      expect((await client.send(new ListPartsCommand(upload))).Parts ?? []).toEqual([]);
      const etag = `"${createHash("md5").update("0123456789").digest("hex")}"`;
      await copy(source, "bytes=3-5", etag);
      expect((await client.send(new ListPartsCommand(upload))).Parts?.[0]?.Size).toBe(3);
      await copy(source);
      expect((await client.send(new ListPartsCommand(upload))).Parts?.[0]?.Size).toBe(10);
    }
  });
});
