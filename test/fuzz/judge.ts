import { HTTP_ERRORS, STATUS } from "../../src/http/problem.ts";
import { z } from "zod";
import type { FuzzAnswer, FuzzRequest } from "./request.ts";

const problemSchema = z.looseObject({
  type: z.string().startsWith("urn:expunge:error:"),
  title: z.string().min(1),
  status: z.number(),
  detail: z.string().min(1),
  code: z.string(),
  remedy: z.string().min(1),
  instance: z.string().min(1),
});

/** What is wrong with an answer, or null. */
export function faultOf(request: FuzzRequest, answer: FuzzAnswer): string | null {
  const { status, headers, body } = answer;
  if (!(status >= 200 && status < 600)) return `the status is ${status}`;
  if (status >= 500) return `${status}: ${body.toString("utf8").slice(0, 500)}`;
  if (headers["x-content-type-options"] !== "nosniff") return "an answer without nosniff";
  if (!/^[0-9a-z]{20}$/.test(headers["x-request-id"] ?? "")) return "an answer without an id";
  if (status < 400 || request.method === "HEAD") return null;
  if (headers["content-type"] !== "application/problem+json") {
    return `${status} is ${headers["content-type"]}: ${body.toString("utf8").slice(0, 300)}`;
  }
  const problem = problemSchema.safeParse(parsed(body));
  if (!problem.success) return `no problem: ${z.prettifyError(problem.error)}`;
  const { code } = problem.data;
  const statuses: Readonly<Record<string, number>> = STATUS;
  const isKnown = Object.hasOwn(statuses, code) || Object.hasOwn(HTTP_ERRORS, code);
  if (!isKnown) return `the code '${code}' is unknown`;
  if (statuses[code] !== status) return `'${code}' with the status ${status}`;
  return problem.data.status === status ? null : `the problem says ${problem.data.status}`;
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8")) as unknown;
  } catch {
    return body.toString("utf8").slice(0, 300);
  }
}
