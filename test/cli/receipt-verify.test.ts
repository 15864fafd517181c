import { generateKeyPairSync } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { type Ed25519Signer, signerOf } from "../../src/adapters/ed25519-signer.ts";
import { buildReceipt, RECEIPT_TYPE } from "../../src/core/receipt.ts";
import { canonicalBytes } from "../../src/core/statement.ts";
import { type Ended, expunge, temporaryDir } from "./harness.ts";

const UID = "01jd7x8k9m2n3p4q5r6s7t8v9w";
let cwd: string;
let signer: Ed25519Signer;
let jws: string;

beforeEach(async () => {
  cwd = await temporaryDir();
  signer = await newSigner();
  jws = await signer.sign(canonicalBytes(payload()), RECEIPT_TYPE);
  await keepKeys(join(cwd, "data"), "public-keys.json", signer);
});

async function newSigner(): Promise<Ed25519Signer> {
  return await signerOf(generateKeyPairSync("ed25519").privateKey);
}

async function keepKeys(dir: string, name: string, { publicKey }: Ed25519Signer): Promise<void> {
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, name), JSON.stringify({ keys: [publicKey] }));
}

function payload(): ReturnType<typeof buildReceipt> {
  const at = Date.UTC(2026, 10, 24);
  return buildReceipt({
    deletionId: "DELETE-0123456789ab",
    project: { id: "demo1", uid: UID },
    store: { kind: "file", bucket: "/data/objects", prefix: "" },
    surfaces: [
      {
        surface: "canonical",
        found: 3,
        deleted: 3,
        absent: 0,
        failed: 0,
        blocked: 0,
        unknown: 0,
        bytes: 30,
      },
    ],
    leaves: 3,
    merkleRoot: new Uint8Array(32),
    evidence: [{ surface: "canonical", prefix: "projects/", at, pages: 1, entries: 0 }],
    sequence: 1,
    previousHash: null,
    times: { requestedAt: at, purgeStartedAt: at, fencedAt: at, verifiedAt: at, issuedAt: at },
    capabilities: {},
    lacking: [],
  });
}

async function verify(text: string, ...argv: string[]): Promise<Ended> {
  await writeFile(join(cwd, "receipt.jws"), text);
  return await expunge(["receipt", "verify", "receipt.jws", ...argv], { cwd });
}

test("a receipt is verified offline with the public keys of the data dir", async () => {
  const { code, stdout, stderr } = await verify(`${jws}\n`);
  expect(code).toBe(0);
  expect(stderr).toBe("");
  expect(stdout).toContain("valid:");
  expect(stdout).toContain(`demo1 (${UID})`);
});

test("receipt verify with --json answers the payload", async () => {
  const { code, stdout } = await verify(jws, "--json");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    valid: true,
    payload: { project: { id: "demo1", uid: UID }, totals: { deleted: 3, bytes: 30 } },
  });
});

test("a receipt is refused with exit code 4 when any one of its characters is changed", async () => {
  const [header = "", body = ""] = jws.split(".");
  const places = [2, header.length + 5, header.length + body.length + 10, jws.length - 1];
  for (const at of places) {
    const changed = jws[at] === "B" ? "C" : "B";
    const { code, stderr } = await verify(jws.slice(0, at) + changed + jws.slice(at + 1));
    expect(code, `character ${at}`).toBe(4);
    expect(stderr).toContain("code: invalid-receipt");
  }
});

test("a refused receipt with --json is one document that says that it is not valid", async () => {
  const { code, stdout } = await verify(`${jws}x`, "--json");
  expect(code).toBe(4);
  expect(JSON.parse(stdout)).toMatchObject({ valid: false, error: { code: "invalid-receipt" } });
});

test("a receipt of another service's key is refused, and accepted with the keys of that service", async () => {
  const other = await newSigner();
  const foreign = await other.sign(canonicalBytes(payload()), RECEIPT_TYPE);
  expect((await verify(foreign)).code).toBe(4);
  await keepKeys(cwd, "other.json", other);
  expect((await verify(foreign, "--jwks", "other.json")).code).toBe(0);
  expect((await verify(jws, "--jwks", "other.json")).code).toBe(4);
});

test("a receipt is read from standard input and out of an answer of the API", async () => {
  const stdin = JSON.stringify({ receipt: jws, amendments: [] });
  const { code } = await expunge(["receipt", "verify", "-"], { cwd, stdin });
  expect(code).toBe(0);
});

test("a receipt or key file that is not there is wrong usage", async () => {
  const missing = await expunge(["receipt", "verify", "nowhere.jws"], { cwd });
  expect(missing).toMatchObject({ code: 2 });
  expect((await verify(jws, "--jwks", "nowhere.json")).code).toBe(2);
});
