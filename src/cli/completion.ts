import type { Command, Option } from "commander";

/** What one command offers, as completions see it. */
interface Entry {
  /** The words that lead to it, without the program's own name. */
  readonly path: string;
  readonly commands: readonly Offer[];
  readonly options: readonly Offer[];
}

interface Offer {
  readonly word: string;
  readonly description: string;
  /** Whether a value follows, as after some options. */
  readonly takesValue: boolean;
  /** The values that an option takes, where they are a list. */
  readonly choices: readonly string[];
}

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type ShellName = (typeof SHELLS)[number];

/** The script that completes every command and option of this program. */
export function completionScript(shell: ShellName, program: Command): string {
  const name = program.name();
  const entries = entriesOf(program, []);
  return { bash, zsh, fish }[shell](name, entries);
}

/** Read from the commands themselves, so that no list can go stale. */
function entriesOf(command: Command, path: readonly string[]): Entry[] {
  const help = command.createHelp();
  const children = help.visibleCommands(command).filter((one) => one.name() !== "help");
  const program = rootOf(command);
  const options = [
    ...help.visibleOptions(command),
    ...(program === command ? [] : program.options),
  ];
  return [
    {
      path: path.join(" "),
      commands: children.map((one) => ({
        word: one.name(),
        description: one.description(),
        takesValue: false,
        choices: [],
      })),
      options: unique(options.flatMap((option) => offersOf(option))),
    },
    ...children.flatMap((one) => entriesOf(one, [...path, one.name()])),
  ];
}

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}

function offersOf({ short, long, description, argChoices, required, optional }: Option): Offer[] {
  const value = { takesValue: required || optional, choices: argChoices ?? [] };
  return [long, short].flatMap((word) =>
    word === undefined ? [] : [{ word, description, ...value }],
  );
}

function unique(offers: readonly Offer[]): Offer[] {
  return [...new Map(offers.map((offer) => [offer.word, offer])).values()];
}

function words({ commands, options }: Entry): string {
  return [...commands, ...options].map(({ word }) => word).join(" ");
}

/** Of options that a value follows, where they stand and which values there are: none where any text is one. */
function valuesOf(entries: readonly Entry[]): (readonly [string, readonly string[]])[] {
  return entries.flatMap(({ path, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .map(({ word, choices }) => [sh(`${path} ${word}`), choices] as const),
  );
}

/** Cases of a shell for what stands before the word at hand; an option without choices leaves it to the files. */
function valueCases(
  entries: readonly Entry[],
  offer: (choices: readonly string[]) => string,
): string {
  const values = valuesOf(entries);
  const chosen = values.flatMap(([at, choices]) =>
    choices.length === 0 ? [] : [`    ${at}) ${offer(choices)} ;;`],
  );
  const free = values.filter(([, choices]) => choices.length === 0).map(([at]) => at);
  return [...chosen, `    ${free.join("|")}) ${offer([])} ;;`].join("\n");
}

/** The words so far lead to an entry: those among them that are commands, one below the other. */
function bash(name: string, entries: readonly Entry[]): string {
  const cases = entries.map((entry) => `    ${sh(entry.path)}) words=${sh(words(entry))} ;;`);
  const paths = entries.map(({ path }) => sh(path)).join("|");
  return `# ${name}: completions for bash. Load with: source <(${name} completion bash)
_${name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} path="" word words=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
    ${paths}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path" in
${cases.join("\n")}
  esac
  case "$path \${COMP_WORDS[COMP_CWORD-1]}" in
${valueCases(entries, (choices) => `words=${sh(choices.join(" "))}`)}
  esac
  COMPREPLY=()
  if [[ $current == -* || $words != -* ]]; then
    while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$words" -- "$current")
  fi
}
complete -o default -F _${name} ${name}
`;
}

function zsh(name: string, entries: readonly Entry[]): string {
  const cases = entries.map((entry) => {
    const offers = [...entry.commands, ...entry.options]
      .map(({ word, description }) => sh(`${word.replaceAll(":", "\\\\:")}:${description}`))
      .join(" ");
    return `    ${sh(entry.path)}) offers=(${offers}) ;;`;
  });
  const paths = entries.map(({ path }) => sh(path)).join("|");
  return `#compdef ${name}
# ${name}: completions for zsh. Load with: source <(${name} completion zsh)
_${name}() {
  local -a offers
  local at="" word
  for word in \${words[2,CURRENT-1]}; do
    case "\${at:+$at }$word" in
    ${paths}) at="\${at:+$at }$word" ;;
    esac
  done
  case "$at" in
${cases.join("\n")}
  esac
  case "$at \${words[CURRENT-1]}" in
${valueCases(entries, (choices) => `offers=(${choices.map((choice) => sh(choice)).join(" ")})`)}
  esac
  (( $#offers )) || { _files; return }
  _describe ${name} offers || _files
}
compdef _${name} ${name}
`;
}

function fish(name: string, entries: readonly Entry[]): string {
  const lines = entries.flatMap(({ path, commands, options }) => {
    const at = `-n ${sh(`__${name}_at ${sh(path)}`)}`;
    return [
      ...commands.map(
        ({ word, description }) => `complete -c ${name} -f ${at} -a ${word} -d ${sh(description)}`,
      ),
      ...options.map(({ word, description, takesValue, choices }) => {
        const flag = word.startsWith("--") ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`;
        const isChosen = choices.length > 0;
        const values = isChosen ? ` -x -a ${sh(choices.join(" "))}` : takesValue ? " -r" : "";
        return `complete -c ${name} ${at} ${flag}${values} -d ${sh(description)}`;
      }),
    ];
  });
  const paths = entries.map(({ path }) => sh(path)).join(" ");
  return `# ${name}: completions for fish. Load with: ${name} completion fish | source
function __${name}_at
    set -l at ""
    for word in (commandline -opc)[2..-1]
        set -l next (string trim -- "$at $word")
        contains -- "$next" ${paths}; and set at $next
    end
    test "$at" = "$argv[1]"
end
${lines.join("\n")}
`;
}

/** One word of a shell, whatever is in it. */
function sh(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
