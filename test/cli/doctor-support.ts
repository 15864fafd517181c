import { expunge } from "./harness.ts";

export type Env = Readonly<Record<string, string>>;

export interface Check {
  readonly name: string;
  readonly ok: boolean | null;
  readonly detail: string;
  readonly remedy: string | null;
}

/** Runs doctor as a script does. */
export async function doctor(
  env: Env,
  cwd: string,
): Promise<{ code: number; checks: Check[]; out: string }> {
  const { code, stdout } = await expunge(["doctor", "--json"], { cwd, env });
  return { code, out: stdout, ...(JSON.parse(stdout) as { checks: Check[] }) };
}
