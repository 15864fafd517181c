import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { Child, temporaryDir } from "../cli/harness.ts";
import { AUDIENCE, claims, ISSUER, makeKey, sign, startIssuer } from "./issuer.ts";

/** A start makes the database the first time; this is for machines that do much else. */
const TIMEOUT_MS = 180_000;

const WEBHOOK_SECRET = "whsec_b2YgdGhlIHRlc3QgdGhhdCBub2JvZHkgbWF5IHNlZQ==";
const PASSWORD = "hunter2-in-a-header";

/** What the parts of a run are told, by their names. */
type Secrets = Map<string, string>;

interface Run {
  readonly url: string;
  readonly secrets: Secrets;
  /** Bodies and headers of all answers but those that give a secret out. */
  readonly answers: string[];
}

type Asked = Readonly<{
  method?: string;
  token?: string;
  headers?: Readonly<Record<string, string>>;
  json?: object;
  /** The answer gives a secret out, on purpose. */
  gives?: true;
}>;

async function ask(run: Run, path: string, asked: Asked = {}): Promise<Response> {
  const { method = "GET", token, headers, json, gives } = asked;
  const response = await fetch(run.url + path, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(json === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
  const text = await response.clone().text();
  if (!gives) run.answers.push(text + JSON.stringify([...response.headers]));
  return response;
}

async function fieldOf(response: Response, name: string): Promise<string> {
  return z.string().parse(z.record(z.string(), z.unknown()).parse(await response.json())[name]);
}

/** Each kind of token is made, used, used wrongly, and ended. */
async function useTokens(run: Run): Promise<void> {
  const admin = run.secrets.get("admin token") ?? "";
  const json = { name: "t", owner: "alice", rights: ["projects:read"] };
  const made = await ask(run, "/v1/tokens", { method: "POST", token: admin, json, gives: true });
  const id = await fieldOf(made.clone(), "id");
  const token = await fieldOf(made, "token");
  run.secrets.set("API token", token.slice(-43));
  for (const given of [token, `${token.slice(0, -1)}!`, `${admin}x`]) {
    await ask(run, "/v1/projects", { token: given });
    await ask(run, `/v1/projects?token=${given}`, { token: given });
    await ask(run, "/v1/projects", { headers: { authorization: `Token ${given}` } });
  }
  await ask(run, `/v1/tokens/${token}`, { method: "DELETE", token: admin });
  await ask(run, `/v1/tokens/${id}`, { method: "DELETE", token: admin });
  expect((await ask(run, "/v1/projects", { token })).status).toBe(401);
  const basic = Buffer.from(`user:${PASSWORD}`).toString("base64");
  run.secrets.set("password", PASSWORD).set("password in base64", basic);
  await ask(run, "/v1/projects", { headers: { authorization: `Basic ${basic}` } });
}

/** A session, from the code to the sign-out. */
async function useSession(run: Run, code: string): Promise<void> {
  const own = { origin: run.url };
  const json = { code };
  const signIn = { method: "POST", json, headers: own, gives: true } as const;
  const signedIn = await ask(run, "/v1/sessions", signIn);
  expect(signedIn.status).toBe(201);
  const [cookie = ""] = (signedIn.headers.get("set-cookie") ?? "").split(";", 1);
  run.secrets.set("sign-in code", code.slice(-43)).set("session cookie", cookie.slice(-43));
  await ask(run, "/v1/sessions", { method: "POST", json, headers: own });
  const headers = { ...own, cookie };
  expect((await ask(run, "/v1/projects", { headers })).status).toBe(200);
  const codes = { method: "POST", headers, gives: true } as const;
  const other = await fieldOf(await ask(run, "/v1/sign-in-codes", codes), "code");
  run.secrets.set("another sign-in code", other.slice(-43));
  await ask(run, "/v1/projects", { headers, token: "both" });
  await ask(run, "/v1/sessions/current", { method: "DELETE", headers });
  expect((await ask(run, "/v1/projects", { headers })).status).toBe(401);
}

test(
  "a whole run shows no secret, in its most talkative log and in no answer but those that give one out",
  { timeout: TIMEOUT_MS },
  async () => {
    const key = await makeKey("one");
    await using issuer = await startIssuer(key);
    const dataDir = await temporaryDir();
    const webhooks = [{ url: "https://127.0.0.1:9/hook", secret: WEBHOOK_SECRET }];
    await writeFile(join(dataDir, "expunge.config.json"), JSON.stringify({ webhooks }));
    const child = new Child(
      ["serve", "--port", "0", "--data-dir", dataDir, "--log-level", "debug"],
      {
        cwd: dataDir,
        env: {
          EXPUNGE_JWKS_URL: issuer.url,
          EXPUNGE_JWT_ISSUER: ISSUER,
          EXPUNGE_JWT_AUDIENCE: AUDIENCE,
        },
      },
    );
    const [, url = ""] = await child.prints(/is ready at (\S+)/);
    const [, code = ""] = await child.prints(/sign in: \S+#code=(\S+) /);
    await child.prints(/Ctrl-C stops it/);
    const admin = (await readFile(join(dataDir, "admin-token"), "utf8")).trim();
    const secrets: Secrets = new Map([
      ["admin token", admin],
      ["webhook secret", WEBHOOK_SECRET],
    ]);
    const run: Run = { url, secrets, answers: [] };
    await useTokens(run);
    await useSession(run, code);

    const jwt = await sign(key, claims());
    const refused = await sign(key, claims({ aud: "another" }));
    secrets.set("JWT", jwt).set("refused JWT", refused);
    secrets.set("signature of a JWT", jwt.split(".")[2] ?? "none");
    const made = await ask(run, "/v1/projects", { method: "POST", token: jwt, json: {} });
    expect(made.status).toBe(201);
    await ask(run, "/v1/projects", { token: refused });
    await ask(run, "/v1/projects", { token: jwt.replace(/....$/, "AAAA") });
    const removed = `/v1/projects/${await fieldOf(made, "id")}`;
    expect((await ask(run, removed, { method: "DELETE", token: admin })).status).toBe(200);

    child.signal("SIGTERM");
    const { stdout, stderr, code: exitCode } = await child.end();
    expect(exitCode).toBe(0);
    const link = stderr.split("\n").filter((line) => line.startsWith("sign in: "));
    expect(link, "the one line that gives a code out").toHaveLength(1);
    const printed = stdout + stderr.replace(link[0] ?? "", "");
    expect(printed).toContain('"level":"debug"');
    for (const [name, secret] of secrets) {
      expect(secret.length, name).toBeGreaterThan(15);
      expect(printed.includes(secret), `${name} in the log`).toBe(false);
      expect(run.answers.join("\n").includes(secret), `${name} in an answer`).toBe(false);
    }
  },
);
