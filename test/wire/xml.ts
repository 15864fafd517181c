import { WireError } from "./errors.ts";

/** An element as the reader gives it: either text or elements, never both. */
export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

const NAME = /[A-Za-z_][\w.:-]*/y;
const ATTRIBUTE = /\s+[A-Za-z_][\w.:-]*\s*=\s*(?:"[^"<]*"|'[^'<]*')/y;
const SPACE = /[ \t\r\n]*/y;
const DECLARATION = /\s*<\?xml\s[^?>]*\?>/y;
const ENTITIES = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
]);

function malformed(): WireError {
  return new WireError("MalformedXML");
}

/** What XML 1.0 section 2.2 lets stand in a document, as itself or as a reference. */
function isXmlChar(code: number): boolean {
  if (code === 0x9 || code === 0xa || code === 0xd) return true;
  if (code >= 0x20 && code <= 0xd7ff) return true;
  return (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff);
}

/** References made into what they stand for, line ends into `\n` (XML 1.0, sections 2.11 and 4.1). */
function decodeText(raw: string): string {
  return raw
    .replace(/\r\n?/g, "\n")
    .replace(/&(?:#(\d+)|#x([0-9A-Fa-f]+)|(\w+))?;?/g, (whole, decimal, hex, name) => {
      if (!whole.endsWith(";")) throw malformed();
      if (typeof name === "string") {
        const text = ENTITIES.get(name);
        if (text === undefined) throw malformed();
        return text;
      }
      const code = typeof decimal === "string" ? Number(decimal) : Number.parseInt(`${hex}`, 16);
      if (!isXmlChar(code)) throw malformed();
      return String.fromCodePoint(code);
    });
}

/**
 * A small strict reader of XML 1.0 without document types, comments and mixed content, which no request
 * of S3 has. Whitespace inside an element of text is kept: it may be a key's.
 */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    for (const char of text) if (!isXmlChar(char.codePointAt(0) ?? 0)) throw malformed();
    this.#text = text;
  }

  document(): XmlElement {
    this.#skip(DECLARATION);
    this.#skip(SPACE);
    const root = this.#element(0);
    this.#skip(SPACE);
    if (this.#at !== this.#text.length) throw malformed();
    return root;
  }

  #element(depth: number): XmlElement {
    if (depth > 8) throw malformed();
    this.#expect("<");
    const name = this.#skip(NAME);
    if (name === "") throw malformed();
    while (this.#skip(ATTRIBUTE) !== "");
    this.#skip(SPACE);
    if (this.#take("/>")) return { name, text: "", children: [] };
    this.#expect(">");
    const text = this.#content();
    const children: XmlElement[] = [];
    let between = text;
    while (!this.#text.startsWith("</", this.#at)) {
      if (between.trim() !== "") throw malformed();
      children.push(this.#element(depth + 1));
      between = this.#content();
    }
    if (children.length > 0 && between.trim() !== "") throw malformed();
    this.#expect(`</${name}`);
    this.#skip(SPACE);
    this.#expect(">");
    return { name, text: children.length > 0 ? "" : text, children };
  }

  /** Text up to the next tag. */
  #content(): string {
    const end = this.#text.indexOf("<", this.#at);
    if (end < 0) throw malformed();
    const raw = this.#text.slice(this.#at, end);
    if (raw.includes("]]>")) throw malformed();
    this.#at = end;
    return decodeText(raw);
  }

  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw malformed();
  }
}

/** @throws WireError `MalformedXML` for anything but one well-formed element in UTF-8 */
export function readXml(bytes: Uint8Array): XmlElement {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw malformed();
  }
  return new Reader(text).document();
}

/** The text of the one child of this name; undefined where there is none. @throws WireError */
export function textOf(element: XmlElement, name: string): string | undefined {
  const found = element.children.filter((child) => child.name === name);
  if (found.length > 1) throw malformed();
  const [child] = found;
  if (child && child.children.length > 0) throw malformed();
  return child?.text;
}

/** Refuses elements that the schema does not know. @throws WireError `MalformedXML` */
export function onlyChildren(element: XmlElement, ...names: readonly string[]): void {
  for (const { name } of element.children) if (!names.includes(name)) throw malformed();
  if (element.children.length === 0 && element.text.trim() !== "") throw malformed();
}

/** Names with what stands in them: lists repeat the element, `undefined` leaves it out. */
export interface XmlNodes {
  readonly [name: string]: XmlValue;
}

/** Elements of several names in an order of their own; the name that they are given under is not written. */
export class XmlSequence {
  readonly pairs: readonly (readonly [string, XmlNodes])[];

  constructor(pairs: readonly (readonly [string, XmlNodes])[]) {
    this.pairs = pairs;
  }
}

export type XmlValue =
  | string
  | number
  | boolean
  | undefined
  | XmlNodes
  | readonly XmlNodes[]
  | XmlSequence;

/**
 * Control characters other than tab and line feed are written as references, as S3 does, also those
 * that no reference may stand for in XML 1.0. A carriage return would be read as a line feed.
 */
function escapeText(text: string): string {
  const named: Readonly<Record<string, string>> = { "&": "amp", "<": "lt", ">": "gt", '"': "quot" };
  // eslint-disable-next-line no-control-regex
  return text.replace(/[&<>"\u0000-\u0008\u000B-\u001F\uFFFE\uFFFF]/g, (char) => {
    const name = named[char] ?? `#x${char.charCodeAt(0).toString(16).toUpperCase()}`;
    return `&${name};`;
  });
}

function write(name: string, value: XmlValue): string {
  if (value === undefined) return "";
  if (value instanceof XmlSequence)
    return value.pairs.map(([name, one]) => write(name, one)).join("");
  if (Array.isArray(value)) {
    return (value as readonly XmlNodes[]).map((item) => write(name, item)).join("");
  }
  if (typeof value === "object") return `<${name}>${writeNodes(value as XmlNodes)}</${name}>`;
  return `<${name}>${escapeText(String(value))}</${name}>`;
}

function writeNodes(nodes: XmlNodes): string {
  return Object.entries(nodes)
    .map(([name, value]) => write(name, value))
    .join("");
}

const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

/** A whole document; errors have no namespace on S3. */
export function xmlDocument(root: string, content: XmlNodes | string): Uint8Array {
  const inner = typeof content === "string" ? escapeText(content) : writeNodes(content);
  const namespace = root === "Error" ? "" : ` xmlns="${NAMESPACE}"`;
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${namespace}>${inner}</${root}>`;
  return new TextEncoder().encode(text);
}
