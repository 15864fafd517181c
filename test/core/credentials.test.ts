import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import {
  formatCredential,
  hashOfSecret,
  parseCredential,
  SECRET_BYTES,
} from "../../src/core/credentials.ts";
import { makeUid } from "../../src/core/ids.ts";

const ID = makeUid(1_760_000_000_000, new Uint8Array(10).fill(7));
const SECRET = new Uint8Array(SECRET_BYTES).map((_, index) => 255 - index);

test("a credential names its kind and its id and carries 256 bits that come back as they were", () => {
  const text = formatCredential("token", ID, SECRET);
  expect(text).toMatch(/^xp_token_[0-9a-z]{26}_[A-Za-z0-9_-]{43}$/);
  expect(parseCredential("token", text)).toEqual({ id: ID, secret: SECRET });
});

test("a credential has one spelling: whatever differs from it in anything is none", () => {
  const text = formatCredential("token", ID, SECRET);
  const others = [
    "",
    text.slice(0, -1),
    `${text}A`,
    ` ${text}`,
    `${text}\n`,
    text.toUpperCase(),
    text.replace("xp_token_", "xp_admin_"),
    text.replace(ID, "p1"),
    text.replace(ID, ID.replace(/^0/, "z")),
    // The last character holds two bits that belong to no byte.
    text.slice(0, -1) + String.fromCodePoint((text.codePointAt(text.length - 1) ?? 0) + 1),
  ];
  for (const other of others)
    expect([other, parseCredential("token", other)]).toEqual([other, null]);
});

test("of a secret its SHA-256 is stored", () => {
  expect(hashOfSecret(SECRET)).toBe(createHash("sha256").update(SECRET).digest("hex"));
});
