import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { loadConfig } from "../../config.ts";
import { ExpungeError, isExpungeError, messageOf } from "../../core/errors.ts";
import { isDeletionId, isUid } from "../../core/ids.ts";
import type { AmendmentPayload } from "../../core/amendment.ts";
import type { ReceiptPayload } from "../../core/receipt.ts";
import type { PublicKey } from "../../ports/signer.ts";
import { verifyAmendment, verifyReceipt } from "../../services/receipts.ts";
import { type ExpungeClient, isExpungeClientError } from "../../client/index.ts";
import { configOptions, connect, type ServiceFlags, withService } from "../connect.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { errorDocument } from "../output.ts";
import { amendmentLines, receiptLines } from "../receipt-view.ts";
import type { Shell } from "../shell.ts";

export function addReceipt(program: Command, shell: Shell): void {
  const receipt = program.command("receipt").description("show receipts and verify them");
  withService(
    receipt
      .command("show")
      .description("show the receipt of a deleted project")
      .argument("<project>", "the project's uid or id, or the deletion's id")
      .option("--jws", "print the signed text alone, as 'receipt verify' reads it"),
  ).action(
    shell.action((project: string, flags: ServiceFlags & { readonly jws?: true }) =>
      show(shell, project, flags),
    ),
  );
  receipt
    .command("verify")
    .description("check a receipt's signature and form; needs no service and no network")
    .argument("<file>", "a receipt, or an answer of the API that has one; - for standard input")
    .option("--jwks <file>", "the public keys to trust (default: those of the data dir)")
    .action(
      shell.action((file: string, flags: { readonly jwks?: string }) => verify(shell, file, flags)),
    );
}

async function show(
  shell: Shell,
  project: string,
  flags: ServiceFlags & { readonly jws?: true },
): Promise<ExitCode> {
  const client = await connect(shell.io, flags);
  const found = await client.receipts.get(await uidOf(client, project));
  await shell.out.result(found, () =>
    flags.jws ? [found.receipt] : [...receiptLines(found.payload), "", found.receipt],
  );
  return EXIT.done;
}

/** A project is deleted when it has a receipt, so what tells its uid is the answer that it is gone. */
async function uidOf(client: ExpungeClient, project: string): Promise<string> {
  if (isUid(project)) return project;
  if (isDeletionId(project)) return (await client.deletions.get(project)).projectUid;
  try {
    return (await client.projects.get(project)).uid;
  } catch (error) {
    if (!isExpungeClientError(error, "project-deleted")) throw error;
    const uid = error.details["projectUid"];
    if (typeof uid === "string") return uid;
    throw error;
  }
}

async function verify(
  shell: Shell,
  file: string,
  flags: { readonly jwks?: string },
): Promise<ExitCode> {
  const { io, out } = shell;
  const keys = await trustedKeys(io, flags.jwks);
  const { receipt: jws, amendments: amending } = statementsIn(await readReceipt(io, file));
  const { verifyJws } = await import("../../compose.ts");
  const signer = { verify: verifyJws };
  let payload: ReceiptPayload;
  const amendments: AmendmentPayload[] = [];
  try {
    payload = await verifyReceipt(signer, jws, keys);
    for (const each of amending) {
      amendments.push(await verifyAmendment(signer, each, jws, keys));
    }
  } catch (error) {
    if (!isExpungeError(error, "invalid-receipt")) throw error;
    if (!out.isJson) throw error;
    await out.result({ valid: false, ...errorDocument(error) }, () => []);
    return EXIT.problems;
  }
  await out.result({ valid: true, payload, amendments }, () => [
    `${out.style("green", "valid:")} signed with a key that is trusted here`,
    "",
    ...receiptLines(payload),
    ...amendments.flatMap((amendment) => ["", ...amendmentLines(amendment)]),
  ]);
  return EXIT.done;
}

/** The keys named, else those that the service keeps in the data dir. Never one from the receipt. */
async function trustedKeys(io: Io, jwks: string | undefined): Promise<readonly PublicKey[]> {
  const { loadPublicKeys } = await import("../../compose.ts");
  if (jwks !== undefined) {
    return await loadPublicKeys({ dataDir: "", jwksPath: resolve(io.cwd, jwks) });
  }
  const { dataDir } = await loadConfig(configOptions(io));
  return await loadPublicKeys({ dataDir });
}

async function readReceipt(io: Io, file: string): Promise<string> {
  if (file === "-") return await text(io.stdin);
  try {
    return await readFile(resolve(io.cwd, file), "utf8");
  } catch (cause) {
    const message = `${file} cannot be read: ${messageOf(cause)}.`;
    throw new ExpungeError("invalid-request", message, { cause });
  }
}

interface Statements {
  readonly receipt: string;
  readonly amendments: readonly string[];
}

/** A receipt as it is, or the `receipt` and `amendments` of a JSON document. */
function statementsIn(content: string): Statements {
  const trimmed = content.trim();
  const alone = { receipt: trimmed, amendments: [] };
  if (!trimmed.startsWith("{")) return alone;
  try {
    const value: unknown = JSON.parse(trimmed);
    if (typeof value !== "object" || value === null || !("receipt" in value)) return alone;
    const { receipt } = value;
    if (typeof receipt !== "string") return alone;
    const amendments = "amendments" in value ? value.amendments : [];
    return { receipt, amendments: Array.isArray(amendments) ? amendments.map(String) : [] };
  } catch {
    // What is no JSON is no receipt either, and verifying it says so.
  }
  return alone;
}
