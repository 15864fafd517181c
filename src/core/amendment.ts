import { ExpungeError } from "./errors.ts";
import { toHex } from "./encoding.ts";
import type { Instant, Surface } from "./model.ts";
import { timestamp } from "./receipt.ts";
import { parseCanonical } from "./statement.ts";

/** The JWS header `typ` of an amendment. */
export const AMENDMENT_TYPE = "expunge-amendment+jws";

/** What came back on one surface. */
export interface AmendedSurface {
  readonly surface: Surface;
  readonly found: number;
  readonly deleted: number;
  /** Listed still when it was looked at last. */
  readonly residue: number;
  readonly bytes: number;
}

/**
 * What an amendment states beside the receipt that it names, which stays as it is: what was found of a
 * deleted project afterwards, and what became of that. Canonical JSON, no file names.
 */
export interface AmendmentPayload {
  readonly version: 1;
  readonly sequence: number;
  /** SHA-256 of the receipt or amendment before this one in the chain, base64url. */
  readonly previous: string | null;
  readonly deletion: string;
  readonly project: { readonly id: string; readonly uid: string };
  /** SHA-256 of the receipt that is amended, base64url. */
  readonly receiptHash: string;
  readonly found: number;
  readonly deleted: number;
  readonly residue: number;
  readonly surfaces: readonly AmendedSurface[];
  readonly merkle: {
    readonly algorithm: "RFC 9162 SHA-256";
    readonly leaves: number;
    readonly root: string;
  };
  readonly verifiedAt: string;
  readonly issuedAt: string;
}

export interface AmendmentStatement {
  readonly deletionId: string;
  readonly project: { readonly id: string; readonly uid: string };
  readonly receiptHash: string;
  readonly surfaces: readonly AmendedSurface[];
  readonly leaves: number;
  readonly merkleRoot: Uint8Array;
  readonly sequence: number;
  readonly previousHash: string | null;
  readonly verifiedAt: Instant;
  readonly issuedAt: Instant;
}

/** Puts the facts into the form that is signed; says nothing that they do not hold. */
export function buildAmendment(facts: AmendmentStatement): AmendmentPayload {
  const sum = (field: "found" | "deleted" | "residue"): number =>
    facts.surfaces.reduce((total, counts) => total + counts[field], 0);
  return {
    version: 1,
    sequence: facts.sequence,
    previous: facts.previousHash,
    deletion: facts.deletionId,
    project: { id: facts.project.id, uid: facts.project.uid },
    receiptHash: facts.receiptHash,
    found: sum("found"),
    deleted: sum("deleted"),
    residue: sum("residue"),
    surfaces: facts.surfaces.map(({ surface, found, deleted, residue, bytes }) => ({
      surface,
      found,
      deleted,
      residue,
      bytes,
    })),
    merkle: { algorithm: "RFC 9162 SHA-256", leaves: facts.leaves, root: toHex(facts.merkleRoot) },
    verifiedAt: timestamp(facts.verifiedAt),
    issuedAt: timestamp(facts.issuedAt),
  };
}

/**
 * Reads the payload of a verified amendment, which must be canonical as a receipt's.
 * @throws ExpungeError `invalid-receipt`
 */
export function parseAmendment(bytes: Uint8Array): AmendmentPayload {
  const value = parseCanonical(bytes);
  if (isAmendmentPayload(value)) return value;
  throw new ExpungeError("invalid-receipt", "The payload is not an amendment of a known version.");
}

function isAmendmentPayload(value: unknown): value is AmendmentPayload {
  if (typeof value !== "object" || value === null) return false;
  const fields = new Map<string, unknown>(Object.entries(value));
  const texts = ["deletion", "receiptHash", "verifiedAt", "issuedAt"];
  const objects = ["merkle", "project"];
  const counts = ["sequence", "found", "deleted", "residue"];
  return (
    fields.get("version") === 1 &&
    texts.every((name) => typeof fields.get(name) === "string") &&
    counts.every((name) => Number.isSafeInteger(fields.get(name))) &&
    Array.isArray(fields.get("surfaces")) &&
    objects.every((name) => typeof fields.get(name) === "object" && fields.get(name) !== null)
  );
}
