import { z } from "zod";
import type { Rng } from "../simulation/random.ts";
import { anyText } from "./words.ts";
import { knownOr, MARK, type World } from "./world.ts";

export type Schemas = Readonly<Record<string, unknown>>;

const nodeSchema = z.looseObject({
  $ref: z.string().optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
  type: z.union([z.string(), z.array(z.string())]).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  items: z.unknown().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  format: z.string().optional(),
});

const DEPTH_MAX = 6;

/** A value that a schema of the document allows, or nearly so. */
export function jsonBody(
  rng: Rng,
  schema: unknown,
  all: Schemas,
  world: World,
  name = "",
  depth = 0,
): unknown {
  const node = nodeSchema.parse(schema ?? {});
  const inner = (one: unknown, of = name): unknown => jsonBody(rng, one, all, world, of, depth + 1);
  if (depth > DEPTH_MAX) return null;
  if (node.$ref !== undefined) return inner(all[node.$ref.replace("#/components/schemas/", "")]);
  const options = node.anyOf ?? node.oneOf;
  if (options) return inner(rng.pick(options));
  if (node.enum) return rng.pick(node.enum);
  if (node.const !== undefined) return node.const;
  switch (Array.isArray(node.type) ? rng.pick(node.type) : (node.type ?? "string")) {
    case "object": {
      const { properties = {}, required = [] } = node;
      const chosen = Object.entries(properties).filter(
        ([key]) => required.includes(key) || rng.chance(0.4),
      );
      return Object.fromEntries(chosen.map(([key, one]) => [key, inner(one, key)]));
    }
    case "array":
      return Array.from({ length: rng.pick([0, 1, 1, 2, 5]) }, () => inner(node.items));
    case "integer":
    case "number":
      return rng.pick([node.minimum ?? 0, 1, 5, 60, node.maximum ?? 2 ** 53 - 1]);
    case "boolean":
      return rng.chance(0.5);
    case "null":
      return null;
    default:
      return textOf(rng, name, node.format, world);
  }
}

function textOf(rng: Rng, name: string, format: string | undefined, world: World): string {
  if (format === "date-time") return rng.pick(["2030-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]);
  if (/^(path|paths|from|to)$/.test(name)) {
    return rng.pick([`${MARK}/a`, `${MARK}/a`, `${MARK}/b é`, `${MARK}/moved`]);
  }
  if (name === "ids") return knownOr(rng, world.known.ids, () => "nope");
  if (name === "namePrefix") return MARK + rng.pick([" of bob 1", " of nobody"]);
  // What nobody's row names may be swept; all else is refused (I2).
  if (name === "prefix" || name === "confirm") return "stray/";
  if (name === "etag") return knownOr(rng, world.known.etags, () => "x");
  if (name === "contentType") return rng.pick(["text/html", "image/svg+xml; x=1", "a/b"]);
  if (name === "owner") return "bob";
  return anyText(rng);
}

/** JSON of a value with something wrong about it: in its values, its names, its text or its bytes. */
export function mutatedJson(rng: Rng, value: unknown): Buffer {
  const wrong = rng.chance(0.6) ? changed(rng, value) : value;
  const text = JSON.stringify(wrong) ?? "";
  switch (rng.between(0, 19)) {
    case 0:
      return Buffer.from(text.slice(0, rng.between(0, text.length)));
    case 1:
      return Buffer.from(text, "utf16le");
    case 2:
      return Buffer.from(`\ufeff${text}`);
    case 3:
      return Buffer.from(text + rng.pick(["}", ",", " {}", "\0", "//"]));
    case 4:
      return Buffer.from(rng.pick(['{"a":', "["]).repeat(rng.pick([10, 100, 20_000])));
    case 5: {
      const levels = rng.pick([60, 64, 70, 5000, 100_000]);
      return Buffer.from(`{"metadata":{"a":${"[".repeat(levels)}${"]".repeat(levels)}}}`);
    }
    case 6:
      return Buffer.from(text.replace("{", '{"__proto__":{"x":1},'));
    case 7:
      return Buffer.from(text.replace("{", `{"name":"twice",`));
    case 8: {
      const bytes = Buffer.from(text);
      if (bytes.length > 0) bytes[rng.between(0, bytes.length - 1)] = rng.between(0, 255);
      return bytes;
    }
    case 9:
      return Buffer.from(
        text.replaceAll(/\d+/g, rng.pick(["1e999", "-0", "1.5", "9007199254740993"])),
      );
    case 10:
      return Buffer.from(text.replaceAll(/"(\w)/g, String.raw`"\ud800$1`));
    default:
      return Buffer.from(text);
  }
}

const STRANGE: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  "",
  [],
  {},
  [[]],
  { a: { b: null } },
  [null],
  "\0",
  "\ud800",
];

/** One place of it is another value. */
function changed(rng: Rng, value: unknown): unknown {
  if (Array.isArray(value) && value.length > 0 && rng.chance(0.8)) {
    const at = rng.between(0, value.length - 1);
    return value.map((one: unknown, i) => (i === at ? changed(rng, one) : one));
  }
  if (typeof value === "object" && value !== null && rng.chance(0.9)) {
    const entries: [string, unknown][] = Object.entries(value);
    const kind = rng.fraction();
    if (entries.length === 0 || kind < 0.1) return { ...value, [anyText(rng)]: rng.pick(STRANGE) };
    const [key, old] = rng.pick(entries);
    if (kind < 0.2) return Object.fromEntries(entries.filter(([name]) => name !== key));
    return { ...value, [key]: changed(rng, old) };
  }
  return rng.chance(0.5) ? anyText(rng) : rng.pick(STRANGE);
}
