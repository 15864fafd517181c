import { z } from "zod";
import { type ProblemCode, STATUS } from "./problem.ts";
import { problemSchema } from "./schema/problem.ts";

export const TAGS = {
  projects: "Projects: the unit of ownership and of deletion",
  files: "Files of a project",
  uploads: "Direct uploads: the caller sends the parts, expunge makes the file",
  deletions: "Deletions under way and completed",
  sessions: "Signing in at the console",
  tokens: "Tokens of the API, for administrators",
  receipts: "Signed statements of what was removed",
  audits: "Comparisons of store and rows, for administrators",
  adoptions: "Files for objects that lie in legacy layouts; for administrators",
  relayouts: "The move of adopted files to canonical keys; for administrators",
  "audit-log": "The audit log: who asked for which change",
  webhooks: "Webhooks: who is told of what happens",
  debug: "Checks for administrators",
  service: "The service itself",
} as const;

export type Tag = keyof typeof TAGS;

/** A successful answer: JSON of a schema, or another kind of body, or none. */
export type Answer =
  | { readonly description: string; readonly json: z.ZodType; readonly media?: string }
  | { readonly description: string; readonly media: string }
  | { readonly description: string };

/** One operation, as its route validates it and as the OpenAPI document describes it. */
export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: Tag;
  readonly params?: z.ZodType;
  readonly querystring: z.ZodType;
  readonly body?: z.ZodType;
  /** The body is bytes of any type, passed on as they come. */
  readonly rawBody?: true;
  /** Request headers that mean something here. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly answers: Readonly<Record<number, Answer>>;
  /** Codes of its own; those that any operation can meet are added. */
  readonly errors: readonly ProblemCode[];
  readonly access?: "public";
}

/** The parts of an operation that the router checks, typed for the handler. */
type Checked<O extends Operation> = Pick<O, Extract<keyof O, "params" | "querystring" | "body">>;

const ANY: readonly ProblemCode[] = ["invalid-request", "rate-limited", "internal"];
const ANY_OF_API: readonly ProblemCode[] = ["not-ready", "store-unavailable", "store-not-listable"];
const ANY_WITH_TOKEN: readonly ProblemCode[] = [
  "unauthorized",
  "token-expired",
  "token-revoked",
  "keys-unavailable",
  "forbidden",
  "cross-site",
];
const ANY_WITH_BODY: readonly ProblemCode[] = ["request-too-large", "unsupported-media-type"];

/** Makes the schema of a route from its operation. */
export function schemaOf<const O extends Operation>(operation: O): Checked<O> {
  const { params, querystring, body } = operation;
  const schema = {
    operationId: operation.operationId,
    summary: operation.summary,
    ...(operation.description === undefined ? {} : { description: operation.description }),
    tags: [operation.tag],
    ...(params ? { params } : {}),
    querystring,
    ...(body ? { body } : {}),
    ...(operation.headers ? { requestHeaders: operation.headers } : {}),
    ...(operation.rawBody ? { rawBody: true } : {}),
    ...(operation.access === "public" ? { security: [] } : {}),
    response: responsesOf(operation),
  };
  return schema as unknown as Checked<O>;
}

interface Response {
  readonly description: string;
  readonly content: Readonly<Record<string, { readonly schema: z.ZodType }>>;
}

function responsesOf(operation: Operation): Record<string, Response> {
  const responses: Record<string, Response> = {};
  for (const [status, codes] of Object.entries(codesByStatus(operation))) {
    responses[status] = {
      description: codes.map((code) => `\`${code}\``).join(", "),
      content: { "application/problem+json": { schema: problemWith(codes) } },
    };
  }
  for (const [status, answer] of Object.entries(operation.answers)) {
    responses[status] = { description: answer.description, content: contentOf(answer) };
  }
  return responses;
}

function contentOf(answer: Answer): Response["content"] {
  if ("json" in answer) {
    const { json, media } = answer;
    const other = media === undefined ? {} : { [media]: { schema: z.string() } };
    return { "application/json": { schema: json }, ...other };
  }
  if ("media" in answer) return { [answer.media]: { schema: z.string() } };
  return {};
}

function codesByStatus(operation: Operation): Record<string, ProblemCode[]> {
  const codes = new Set([
    ...operation.errors,
    ...ANY,
    ...(operation.tag === "service" ? [] : ANY_OF_API),
    ...(operation.access === "public" ? [] : ANY_WITH_TOKEN),
    ...(operation.body || operation.rawBody ? ANY_WITH_BODY : []),
  ]);
  const byStatus: Record<string, ProblemCode[]> = {};
  for (const code of codes) (byStatus[STATUS[code]] ??= []).push(code);
  return byStatus;
}

/** A problem whose code is one of these. */
function problemWith(codes: readonly ProblemCode[]): z.ZodType {
  return z.intersection(problemSchema, z.looseObject({ code: z.enum(codes) }));
}
