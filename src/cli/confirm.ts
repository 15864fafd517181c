import { createInterface } from "node:readline/promises";
import { ExpungeError } from "../core/errors.ts";
import type { Io } from "./io.ts";

/**
 * Asks a person to type a word before something is removed for good. Where nobody can be asked it
 * refuses and names the flag: a script has to say that it means it.
 * @throws ExpungeError `confirmation-needed`
 */
export async function confirm(io: Io, question: string, word: string): Promise<void> {
  if (io.stdin.isTTY !== true || io.stderr.isTTY !== true) {
    throw new ExpungeError("confirmation-needed", `${question} Add --yes to confirm.`);
  }
  const prompt = createInterface({ input: io.stdin, output: io.stderr });
  try {
    const typed = await prompt.question(`${question}\nType '${word}' to go on: `, {
      signal: io.interrupt,
    });
    if (typed.trim() === word) return;
  } finally {
    prompt.close();
  }
  throw new ExpungeError("confirmation-needed", "That is not what was asked for; or add --yes.");
}
