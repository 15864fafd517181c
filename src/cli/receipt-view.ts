import type { AmendmentPayload } from "../core/amendment.ts";
import type { ReceiptPayload, ReceiptSurface } from "../core/receipt.ts";
import { formatBytes, printable, table } from "./output.ts";

/** A receipt as it is verified here, or as the API sends it: there surfaces are plain text. */
type Shown = Omit<ReceiptPayload, "surfaces" | "sweeps"> & {
  readonly surfaces: readonly (Omit<ReceiptSurface, "surface"> & { readonly surface: string })[];
};

/** What a receipt states, for people. */
export function receiptLines(payload: Shown): string[] {
  const { project, store, totals, times } = payload;
  return [
    ...table(
      ["receipt", `${payload.sequence} of this service`],
      [
        ["project", `${printable(project.id)} (${project.uid})`],
        ["deletion", payload.deletion],
        ["store", `${store.kind}:${store.bucket}${store.prefix === "" ? "" : `/${store.prefix}`}`],
        ["removed", `${totals.deleted} (${formatBytes(totals.bytes)}), ${totals.absent} absent`],
        ["requested", times.requestedAt],
        ["fenced", times.fencedAt ?? "nothing was fenced"],
        ["verified", times.verifiedAt],
        ["issued", times.issuedAt],
        ["Merkle root", payload.merkle.root],
      ],
    ),
    "",
    ...table(
      ["surface", "guarantee", "found", "deleted", "absent", "bytes"],
      payload.surfaces.map((one) => [
        one.surface,
        one.guarantee,
        one.found,
        one.deleted,
        one.absent,
        one.bytes,
      ]),
    ),
    "",
    `not covered: ${payload.notCovered.join("; ")}`,
  ];
}

/** What an amendment states, for people. */
export function amendmentLines(payload: AmendmentPayload): string[] {
  const { found, deleted, residue } = payload;
  return table(
    ["amendment", `${payload.sequence} of this service`],
    [
      ["found afterwards", `${found}: ${deleted} removed, ${residue} there still`],
      ["verified", payload.verifiedAt],
      ["issued", payload.issuedAt],
    ],
  );
}
