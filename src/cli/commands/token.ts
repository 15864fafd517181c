import { type Command, InvalidArgumentError } from "commander";
import { RIGHTS, type Right } from "../../core/caller.ts";
import { SECOND_MS } from "../../core/limits/units.ts";
import { duration } from "../arguments.ts";
import { collected } from "../collected.ts";
import { connect, type ServiceFlags, withService } from "../connect.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { printable, table } from "../output.ts";
import type { Shell } from "../shell.ts";

interface CreateFlags extends ServiceFlags {
  readonly owner?: string;
  readonly right: readonly Right[];
  readonly ttl?: number;
}

export function addToken(program: Command, shell: Shell): void {
  const token = program.command("token").description("make, list and revoke API tokens");
  withService(
    token
      .command("create")
      .description("make a token; its secret is printed this once")
      .argument("<name>", "what it is for")
      .requiredOption("--right <right...>", RIGHTS.join(", "), addRight)
      .option("--owner <owner>", "whose projects it sees; by default whoever makes it")
      .option("--ttl <duration>", "it expires after so long; by default never", duration),
  ).action(shell.action((name: string, flags: CreateFlags) => create(shell, name, flags)));
  withService(
    token.command("list").description("list tokens, also expired and revoked ones"),
  ).action(shell.action((flags: ServiceFlags) => list(shell, flags)));
  withService(
    token.command("revoke").description("revoke a token at once").argument("<id>", "its id"),
  ).action(shell.action((id: string, flags: ServiceFlags) => revoke(shell, id, flags)));
}

function addRight(text: string, before: readonly Right[] = []): readonly Right[] {
  const right = RIGHTS.find((each) => each === text);
  if (right === undefined) throw new InvalidArgumentError(`Write one of ${RIGHTS.join(", ")}.`);
  return [...before, right];
}

async function create(shell: Shell, name: string, flags: CreateFlags): Promise<ExitCode> {
  const client = await connect(shell.io, flags);
  const { owner, right: rights, ttl } = flags;
  const made = await client.tokens.create({
    name,
    rights: [...rights],
    ...(owner === undefined ? {} : { owner }),
    ...(ttl === undefined ? {} : { ttlSeconds: Math.ceil(ttl / SECOND_MS) }),
  });
  if (!shell.out.isJson) {
    await shell.out.note(`made: ${made.id} for ${printable(made.owner)}`);
    await shell.out.note("Keep what follows: it is not shown again.");
  }
  await shell.out.result(made, () => [made.token]);
  return EXIT.done;
}

async function list(shell: Shell, flags: ServiceFlags): Promise<ExitCode> {
  const client = await connect(shell.io, flags);
  const items = await collected(client.tokens.all());
  await shell.out.result({ items }, () =>
    table(
      ["id", "name", "owner", "rights", "created", "expires", "revoked", "last used"],
      items.map((one) => [
        one.id,
        one.name,
        one.owner,
        one.rights.join(" "),
        one.createdAt,
        one.expiresAt ?? "never",
        one.revokedAt ?? "no",
        one.lastUsedAt ?? "never",
      ]),
    ),
  );
  return EXIT.done;
}

async function revoke(shell: Shell, id: string, flags: ServiceFlags): Promise<ExitCode> {
  const client = await connect(shell.io, flags);
  await client.tokens.revoke(id);
  await shell.out.result({ id, revoked: true }, () => [`revoked: ${printable(id)}`]);
  return EXIT.done;
}
