import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import type { LightMyRequestResponse } from "fastify";
import { z } from "zod";

const documentSchema = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.looseObject({
        operationId: z.string(),
        responses: z.record(
          z.string(),
          z.looseObject({
            content: z.record(z.string(), z.looseObject({ schema: z.unknown() })).optional(),
          }),
        ),
      }),
    ),
  ),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
});
type Document = z.output<typeof documentSchema>;

export type Contract = (method: string, url: string, response: LightMyRequestResponse) => void;

/** Lines of these, which OpenAPI 3.1 can only call text. */
const LINES: Readonly<Record<string, string>> = {
  listResidue: "Residue",
  listAuditLog: "AuditEntry",
};

/** Compiles schemas of the document, strictly: an unknown keyword or format is an error. */
export class Schemas {
  readonly #ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
  readonly #compiled = new Map<string, ValidateFunction>();

  constructor(document: unknown) {
    const { components } = documentSchema.parse(document);
    formats.default(this.#ajv);
    this.#ajv.addSchema({ $id: "document", $defs: relocated(components.schemas) });
  }

  /** What is wrong with the value, or null. */
  problemWith(schema: unknown, value: unknown): string | null {
    const validate = this.compile(schema);
    return validate(value) ? null : this.#ajv.errorsText(validate.errors);
  }

  /** @throws Error where the schema is none */
  compile(schema: unknown): ValidateFunction {
    const own = relocated(schema);
    const text = JSON.stringify(own);
    const known = this.#compiled.get(text);
    if (known) return known;
    const compiled = this.#ajv.compile(own);
    this.#compiled.set(text, compiled);
    return compiled;
  }
}

/** The same with references to where the named schemas are known by. */
function relocated(schema: unknown): object {
  const text = JSON.stringify(schema).replaceAll('"#/components/schemas/', '"document#/$defs/');
  return JSON.parse(text) as object;
}

/** Checks that an answer is one that the published document tells of, body included. */
export function contractOf(swagger: unknown): Contract {
  const raw: unknown = JSON.parse(JSON.stringify(swagger));
  const { paths } = documentSchema.parse(raw);
  const schemas = new Schemas(raw);
  const find = finderOf(paths);
  return (method, url, response) => {
    const [path = ""] = url.split("?", 1);
    const operation = find(path)?.[method.toLowerCase()];
    if (!operation) return;
    const said = `${method} ${path} answered ${response.statusCode}: ${response.body.slice(0, 500)}`;
    const fail = (why: string): never => {
      throw new Error(`${said} (${why})`);
    };
    const answer = operation.responses[String(response.statusCode)] ?? fail("not documented");
    const type = (response.headers["content-type"] ?? "").split(";", 1)[0] ?? "";
    const name = LINES[operation.operationId];
    if (name !== undefined && type === "application/x-ndjson") {
      for (const line of response.body.split("\n").filter((one) => one !== "")) {
        const schema = { $ref: `#/components/schemas/${name}` };
        const problem = schemas.problemWith(schema, JSON.parse(line));
        if (problem !== null) fail(problem);
      }
    }
    if (response.body === "" || !/[/+]json$/.test(type) || answer.content?.["*/*"]) return;
    const media = answer.content?.[type] ?? fail(`no ${type} documented`);
    const problem = schemas.problemWith(media.schema, JSON.parse(response.body));
    if (problem !== null) fail(problem);
  };
}

type Item = Document["paths"][string];

function finderOf(paths: Document["paths"]): (path: string) => Item | undefined {
  const patterns = Object.entries(paths).map(([path, item]) => {
    const source = path
      .split("/")
      .map((part) => (part === "{path}" ? ".*" : part.startsWith("{") ? "[^/]+" : part))
      .join("/")
      .replaceAll(".well", String.raw`\.well`);
    return { pattern: new RegExp(`^${source}$`), item, isWild: path.includes("{path}") };
  });
  return (path) => {
    const found = patterns.filter(({ pattern }) => pattern.test(path));
    return (found.find(({ isWild }) => !isWild) ?? found[0])?.item;
  };
}
