/** The oldest Node that runs expunge, as `engines` of package.json says: of which npm only warns. */
export const NODE_MIN = { major: 22, minor: 18 } as const;

/**
 * What is wrong with this version of Node and what to do, as lines; null where it will do. An older one
 * fails somewhere within, with a message that blames a directory or expunge itself.
 * @param version as of `process.version`
 */
export function complaintAboutNode(version: string): string | null {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  const isNewEnough =
    major > NODE_MIN.major || (major === NODE_MIN.major && minor >= NODE_MIN.minor);
  if (isNewEnough) return null;
  return [
    `error: expunge needs Node ${NODE_MIN.major}.${NODE_MIN.minor} or newer; this is ${version}.`,
    "what to do: Install Node 24, from https://nodejs.org or as the npm package 'node'.",
  ].join("\n");
}
