import { assert, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { readRemoval } from "./removal.ts";
import { readXml, textOf, xmlDocument, XmlSequence } from "./xml.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const keyIn = (inner: string): string | undefined =>
  textOf(readXml(bytes(`<A><Key>${inner}</Key></A>`)), "Key");

describe("the wire server's XML", () => {
  it("reads exactly the text that stands there, references resolved", () => {
    expect(keyIn(" a  b ")).toBe(" a  b ");
    expect(keyIn("&lt;&amp;amp;&gt;&quot;&apos;")).toBe("<&amp;>\"'");
    expect(keyIn("&#233;&#x1F600;\u{1F468}")).toBe("é\u{1F600}\u{1F468}");
    expect(keyIn("")).toBe("");
    expect(textOf(readXml(bytes("<A><Key/></A>")), "Key")).toBe("");
    expect(textOf(readXml(bytes("<A/>")), "Key")).toBeUndefined();
  });

  it("reads bare line ends as line feeds and referenced ones as they are", () => {
    expect(keyIn("a\r\nb\rc\nd")).toBe("a\nb\nc\nd");
    expect(keyIn("a&#13;&#xD;&#10;&#9;b")).toBe("a\r\r\n\tb");
  });

  it("refuses what is not well-formed XML 1.0, or stands outside what S3 sends", () => {
    const wrong = [
      "",
      "text",
      "<A>",
      "<A></B>",
      "<A></A><B></B>",
      "<A></A>text",
      "<A><B></A></B>",
      "<A>a&b</A>",
      "<A>&nbsp;</A>",
      "<A>&#1;</A>",
      "<A>&#x0;</A>",
      "<A>&#xD800;</A>",
      "<A>&#x110000;</A>",
      "<A>\u0001</A>",
      "<A>\uFFFE</A>",
      "<A>]]></A>",
      "<A>text<B></B></A>",
      "<A b=c></A>",
      "<A b='<'></A>",
      "<!DOCTYPE A [<!ENTITY x 'y'>]><A>&x;</A>",
      "<A><!-- hidden --></A>",
      "<A><![CDATA[x]]></A>",
    ];
    for (const text of wrong) expect(() => readXml(bytes(text)), text).toThrow("well-formed");
    expect(() => readXml(Uint8Array.from([0x3c, 0x41, 0x3e, 0xff]))).toThrow("well-formed");
    expect(readXml(bytes('<?xml version="1.0"?>\n<A xmlns="x:y">\n <B/>\n</A>\n')).name).toBe("A");
  });

  it("gives back every text that XML can hold as it was written", () => {
    // What no XML 1.0 document can hold, neither as itself nor as a reference.
    const text = string({ unit: "binary" }).map((one) =>
      one.replace(/[^\t\n\r -\uFFFD\u{10000}-\u{10FFFF}]/gu, ""),
    );
    assert(
      property(text, (key) => {
        expect(textOf(readXml(xmlDocument("A", { Key: key })), "Key")).toBe(key);
      }),
    );
  });

  it("writes control characters as references, as S3 does, and keeps the order of a sequence", () => {
    const document = xmlDocument("A", {
      Key: "a\u0001\rb",
      No: undefined,
      Yes: [{ B: 1 }, { B: true }],
    });
    expect(new TextDecoder().decode(document)).toContain(
      "<Key>a&#x1;&#xD;b</Key><Yes><B>1</B></Yes><Yes><B>true</B></Yes></A>",
    );
    const mixed = new XmlSequence([
      ["V", { K: 1 }],
      ["M", { K: 2 }],
      ["V", { K: 3 }],
    ] as const);
    expect(new TextDecoder().decode(xmlDocument("A", { any: mixed }))).toContain(
      "<V><K>1</K></V><M><K>2</K></M><V><K>3</K></V>",
    );
  });

  it("takes a removal only as its schema has it", () => {
    const object = (key: string): string => `<Object><Key>${key}</Key></Object>`;
    const wrong = [
      "<Delete></Delete>",
      `<Remove>${object("a")}</Remove>`,
      "<Delete><Object></Object></Delete>",
      "<Delete><Object><Key></Key></Object></Delete>",
      "<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>",
      `<Delete>${object("a")}<Keep/></Delete>`,
      "<Delete><Object><Key>a</Key><ETag>x</ETag></Object></Delete>",
      `<Delete>${object("a")}<Quiet>maybe</Quiet></Delete>`,
      `<Delete>${object("a").repeat(1001)}</Delete>`,
    ];
    for (const text of wrong) expect(() => readRemoval(bytes(text)), text).toThrow("schema");
    const versioned = "<Object><Key>b</Key><VersionId>v1</VersionId></Object>";
    expect(
      readRemoval(bytes(`<Delete>${object("a ")}${versioned}<Quiet>true</Quiet></Delete>`)),
    ).toEqual({
      quiet: true,
      asked: [
        { key: "a ", versionId: null },
        { key: "b", versionId: "v1" },
      ],
    });
    expect(readRemoval(bytes(`<Delete>${object("a").repeat(1000)}</Delete>`)).asked).toHaveLength(
      1000,
    );
  });
});
