import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BrokenReply } from "../../src/adapters/s3/failures.ts";
import { EtagKind, heldBack } from "../../src/adapters/s3/parts.ts";
import { providerOf, rulesOf } from "../../src/adapters/s3/rules.ts";
import { attachment } from "../../src/adapters/s3/signing.ts";
import { inOrder, kindsOf } from "../../src/adapters/s3/versions.ts";
import { utf8 } from "../../src/core/encoding.ts";

describe("whose S3 it is", () => {
  it("is told by the endpoint's host and by nothing else of it", () => {
    expect(providerOf(undefined)).toBe("aws");
    expect(providerOf("https://abc.r2.cloudflarestorage.com")).toBe("r2");
    expect(providerOf("https://abc.eu.r2.cloudflarestorage.com/x")).toBe("r2");
    expect(providerOf("https://s3.eu-central-1.amazonaws.com")).toBe("aws");
    expect(providerOf("https://s3.cn-north-1.amazonaws.com.cn")).toBe("aws");
    for (const endpoint of [
      "http://127.0.0.1:7480",
      "https://r2.cloudflarestorage.com.example.org",
      "https://example.org/abc.r2.cloudflarestorage.com",
      "https://fakeamazonaws.com",
      "https://minio.example.org",
    ]) {
      expect(providerOf(endpoint), endpoint).toBe("other");
    }
  });

  it("decides what cannot be asked: versions, locks, normal forms, copies", () => {
    expect(rulesOf("r2")).toMatchObject({ keyNormalisation: "nfc", versioning: "declared-none" });
    expect(rulesOf("r2").objectLock).toBe("elsewhere");
    for (const provider of ["aws", "other"] as const) {
      expect(rulesOf(provider)).toMatchObject({ keyNormalisation: "none", versioning: "asked" });
    }
    expect(rulesOf("other").copySource).toBe("not-sure");
    for (const provider of ["aws", "r2", "other"] as const) {
      expect(rulesOf(provider).consistency).toBe("strong");
      expect(rulesOf(provider).partBytesMin).toBe(5 * 1024 * 1024);
      expect(rulesOf(provider).partBytesMax).toBe(5 * 1024 ** 3);
    }
  });
});

describe("a page of versions", () => {
  const page = (...kinds: readonly string[]): Uint8Array =>
    utf8(
      `<ListVersionsResult><Name>b</Name>${kinds
        .map((kind) => `<${kind}><Key>&lt;Version&gt;</Key><VersionId>v</VersionId></${kind}>`)
        .join("")}</ListVersionsResult>`,
    );

  it("keeps the order in which the store lists markers among versions", () => {
    const kinds = ["DeleteMarker", "Version", "Version", "DeleteMarker", "Version"] as const;
    expect(kindsOf(page(...kinds))).toEqual(kinds);
    const versions = [{ VersionId: "v1" }, { VersionId: "v2" }, { VersionId: "v3" }];
    const markers = [{ VersionId: "m1" }, { VersionId: "m2" }];
    expect(inOrder(kinds, versions, markers).map(({ VersionId }) => VersionId)).toEqual([
      "m1",
      "v1",
      "v2",
      "m2",
      "v3",
    ]);
  });

  it("keeps any order, and each entry its kind", () => {
    const kind = fc.constantFrom("Version" as const, "DeleteMarker" as const);
    fc.assert(
      fc.property(fc.array(kind, { maxLength: 40 }), (kinds) => {
        const named = kinds.map((each, i) => ({ each, VersionId: String(i) }));
        const of = (wanted: string) => named.filter(({ each }) => each === wanted);
        const merged = inOrder(kindsOf(page(...kinds)), of("Version"), of("DeleteMarker"));
        expect(merged.map(({ VersionId }) => VersionId)).toEqual(kinds.map((_, i) => String(i)));
        expect(merged.map(({ isMarker }) => isMarker)).toEqual(
          kinds.map((each) => each === "DeleteMarker"),
        );
      }),
    );
  });

  it("is broken where its parts do not fit together", () => {
    expect(() => inOrder(["Version", "Version"], [{}], [{}])).toThrow(BrokenReply);
    expect(() => inOrder(["Version"], [{}], [{}])).toThrow(BrokenReply);
    expect(() => inOrder([], [{}], [])).toThrow(BrokenReply);
    expect(inOrder([], [], [])).toEqual([]);
  });
});

describe("a part on its way", () => {
  it("holds each piece back until the next one is there", async () => {
    const given: string[] = [];
    const source = async function* (): AsyncGenerator<Uint8Array> {
      for (const piece of ["one", "two", "three"]) {
        given.push(piece);
        yield utf8(piece);
      }
    };
    const seen: string[] = [];
    const sent: string[] = [];
    for await (const piece of heldBack(source(), (each) => seen.push(each.toString()))) {
      sent.push(Buffer.from(piece).toString());
      expect(given.length).toBeGreaterThanOrEqual(Math.min(3, sent.length + 1));
    }
    expect(sent).toEqual(["one", "two", "three"]);
    expect(seen).toHaveLength(3);
  });

  it("sends what it was given, though the giver writes over it", async () => {
    const buffer = Buffer.from("first ");
    const source = async function* (): AsyncGenerator<Uint8Array> {
      yield buffer;
      buffer.write("second");
      yield buffer;
    };
    const sent: Uint8Array[] = [];
    for await (const piece of heldBack(source(), () => undefined)) sent.push(piece);
    expect(Buffer.concat(sent).toString()).toBe("first second");
  });
});

describe("the etag of a part", () => {
  const [one, two] = ["one", "two"].map((text) => createHash("md5").update(text).digest("hex"));

  it("shows other bytes once the store has given an MD5, and not before", () => {
    const kind = new EtagKind();
    // R2's are no MD5, whatever they look like.
    expect(kind.isOther({}, { etag: two ?? "", md5: one ?? "" })).toBe(false);
    expect(kind.isOther({}, { etag: "ABwcsNIEIx/3TXD+37wkhu1Y", md5: one ?? "" })).toBe(false);
    expect(kind.isOther({}, { etag: one ?? "", md5: one ?? "" })).toBe(false);
    expect(kind.isOther({}, { etag: two ?? "", md5: one ?? "" })).toBe(true);
    expect(kind.isOther({}, { etag: `${two}-1`, md5: one ?? "" })).toBe(false);
  });

  it("says nothing where the store encrypts with keys that are not its own", () => {
    const kind = new EtagKind();
    const other = { etag: two ?? "", md5: one ?? "" };
    expect(kind.isOther({}, { etag: one ?? "", md5: one ?? "" })).toBe(false);
    expect(kind.isOther({ ServerSideEncryption: "aws:kms" }, other)).toBe(false);
    expect(kind.isOther({ SSECustomerAlgorithm: "AES256" }, other)).toBe(false);
    expect(kind.isOther({ ServerSideEncryption: "AES256" }, other)).toBe(true);
  });
});

describe("the name of a download", () => {
  it("is given in ASCII and as it is, and breaks out of no header", () => {
    expect(attachment("report.pdf")).toBe(
      `attachment; filename="report.pdf"; filename*=UTF-8''report.pdf`,
    );
    expect(attachment('\u00e9"\\%\r\nx.txt')).toBe(
      `attachment; filename="______x.txt"; filename*=UTF-8''%C3%A9%22%5C%25%0D%0Ax.txt`,
    );
    expect(attachment("it's (1)*\uD800.txt")).toMatch(
      /filename\*=UTF-8''it%27s%20%281%29%2A%EF%BF%BD\.txt$/,
    );
  });
});
