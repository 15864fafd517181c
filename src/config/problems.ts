import { ExpungeError } from "../core/errors.ts";

/** Collects what is wrong, so that a person corrects everything at once and not one start at a time. */
export class Problems {
  readonly #messages: string[] = [];

  add(message: string): void {
    this.#messages.push(message);
  }

  /** @throws ExpungeError `invalid-config` with every problem, also as a list in its details */
  throwIfAny(): void {
    const problems = this.#messages;
    if (problems.length === 0) return;
    const message =
      problems.length === 1
        ? problems.join("")
        : `${problems.length} settings are wrong:\n${problems.map((line) => `- ${line}`).join("\n")}`;
    throw new ExpungeError("invalid-config", message, { details: { problems: [...problems] } });
  }
}
