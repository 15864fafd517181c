import { generateKeyPairSync, sign } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signerOf, verifyJws } from "../../src/adapters/ed25519-signer.ts";
import { RECEIPT_TYPE } from "../../src/core/receipt.ts";
import { verifyReceipt } from "../../src/services/receipts.ts";
import { ADMIN, makeService, putText, type TestService } from "../support/context.ts";

let service: TestService;
let jws: string;
const verifier = { verify: verifyJws };

beforeAll(async () => {
  service = await makeService();
  const { projects, deletions, receipts } = service.services;
  const { uid } = await projects.create(ADMIN, { id: "p1" });
  await putText(service, "p1", "a", "x");
  await deletions.wait(await deletions.request(ADMIN, "p1", {}), 10_000);
  ({ jws } = await receipts.get(ADMIN, uid));
});
afterAll(() => service.stop());

const encoded = (text: string): string => Buffer.from(text).toString("base64url");
const decoded = (part: string | undefined): string =>
  Buffer.from(part ?? "", "base64url").toString();

async function isRefused(text: string): Promise<boolean> {
  const keys = await service.metadata.listPublicKeys();
  return await verifyReceipt(verifier, text, keys).then(
    () => false,
    (error: unknown) => {
      expect(error).toMatchObject({ code: "invalid-receipt" });
      return true;
    },
  );
}

test("a receipt is accepted as it was issued, and so the refusals below are due to the change", async () => {
  expect(await isRefused(jws)).toBe(false);
});

test("a receipt with another algorithm, key or member in its header is refused", async () => {
  const [head, payload = "", signature = ""] = jws.split(".");
  const own = generateKeyPairSync("ed25519");
  const jwk = own.publicKey.export({ format: "jwk" });
  const header = JSON.parse(decoded(head)) as object;
  for (const more of [
    { alg: "none" },
    { alg: "HS256" },
    { jwk },
    { x5u: "https://evil.example" },
  ]) {
    const forged = encoded(JSON.stringify({ ...header, ...more }));
    const bySelf = sign(null, Buffer.from(`${forged}.${payload}`), own.privateKey);
    for (const tag of [signature, "", bySelf.toString("base64url")]) {
      expect(await isRefused(`${forged}.${payload}.${tag}`)).toBe(true);
    }
  }
});

test("a receipt whose statement was altered in any one value is refused", async () => {
  const [head = "", payload, signature = ""] = jws.split(".");
  const text = decoded(payload);
  for (const { index, 0: number } of text.matchAll(/\d+/g)) {
    const altered =
      text.slice(0, index) + String(Number(number) + 1) + text.slice(index + number.length);
    expect(await isRefused(`${head}.${encoded(altered)}.${signature}`)).toBe(true);
  }
});

test("a receipt that is cut anywhere is refused", async () => {
  for (let length = 0; length < jws.length; length++) {
    expect(await isRefused(jws.slice(0, length))).toBe(true);
  }
});

test("a member that stands twice is refused in header and statement, though the right key signed it", async () => {
  const { privateKey } = generateKeyPairSync("ed25519");
  const signer = await signerOf(privateKey);
  const signed = (header: string, payload: string): string => {
    const input = `${encoded(header)}.${encoded(payload)}`;
    return `${input}.${sign(null, Buffer.from(input), privateKey).toString("base64url")}`;
  };
  const { kid } = signer.publicKey;
  const header = `"alg":"EdDSA","kid":"${kid}","typ":"${RECEIPT_TYPE}"`;
  const payload = decoded(jws.split(".")[1]);
  const accepted = (text: string): Promise<boolean> =>
    verifyReceipt(verifier, text, [signer.publicKey]).then(
      () => true,
      () => false,
    );
  expect(await accepted(signed(`{${header}}`, payload))).toBe(true);
  for (const twice of [
    `{"alg":"none",${header}}`,
    `{${header},"kid":"${kid}"}`,
    `{"kid":"other",${header}}`,
    `{ ${header} }`,
  ]) {
    expect(await accepted(signed(twice, payload)), twice).toBe(false);
  }
  const [first = ""] = /"[^"]+":/.exec(payload) ?? [];
  for (const statement of [
    payload.replace("{", `{${first}0,`),
    payload.replace(/\}$/, `,${first}0}`),
    `${payload} `,
  ]) {
    expect(await accepted(signed(`{${header}}`, statement)), statement).toBe(false);
  }
});
