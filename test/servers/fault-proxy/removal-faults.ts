import type { EntryFault } from "../../wire/fault.ts";
import { readRemoval } from "../../wire/removal.ts";
import { type Reply, xmlReply } from "../../wire/reply.ts";
import {
  readXml,
  textOf,
  type XmlElement,
  type XmlNodes,
  XmlSequence,
  xmlDocument,
} from "../../wire/xml.ts";

type Pair = readonly [name: string, nodes: XmlNodes];
type Asked = ReturnType<typeof readRemoval>["asked"][number];

/**
 * A DeleteObjects of which some entries go wrong. Of what is to stay the server is not even told; all
 * else it really removes, and its own words are passed on.
 * @param ask sends a body to the server in the place of the one given
 */
export async function removeWithFaults(
  body: Uint8Array,
  faultOf: (key: string) => EntryFault | null,
  ask: (body: Uint8Array) => Promise<Reply>,
): Promise<Reply> {
  const { asked, quiet } = readRemoval(body);
  const faulted = asked.map((one) => ({ one, fault: faultOf(one.key) }));
  const removed = faulted.filter(({ fault }) => isRemoved(fault)).map(({ one }) => one);
  const reply = removed.length === 0 ? null : await ask(removalOf(removed, quiet));
  if (reply !== null && reply.status >= 300) return reply;
  const said = reply === null ? [] : readXml(reply.body).children.map(pairOf);
  const unsaid = new Set(
    faulted.filter(({ fault }) => fault?.kind === "left-out").map(({ one }) => nameOf(one)),
  );
  const entries = [
    ...said.filter(([, { Key, VersionId }]) => !unsaid.has(nameOf({ Key, VersionId }))),
    ...faulted.flatMap(({ one, fault }) => (fault ? wordsOf(one, fault) : [])),
  ];
  const { body: written } = xmlReply("DeleteResult", { Entries: new XmlSequence(entries) });
  const headers = reply?.headers ?? { "content-type": "application/xml" };
  return { status: 200, headers, body: written };
}

function isRemoved(fault: EntryFault | null): boolean {
  return fault === null || (fault.kind === "left-out" && fault.removes);
}

function removalOf(asked: readonly Asked[], quiet: boolean): Uint8Array {
  const objects = asked.map(({ key, versionId }) => ({
    Key: key,
    VersionId: versionId ?? undefined,
  }));
  return xmlDocument("Delete", { Object: objects, Quiet: quiet });
}

function pairOf(entry: XmlElement): Pair {
  const names = entry.children.map(({ name }) => name);
  return [entry.name, Object.fromEntries(names.map((name) => [name, textOf(entry, name)]))];
}

function wordsOf({ key, versionId }: Asked, fault: EntryFault): readonly Pair[] {
  const nodes = { Key: key, VersionId: versionId ?? undefined };
  if (fault.kind === "left-out") return [];
  if (fault.kind === "claimed") return [["Deleted", nodes]];
  return [["Error", { ...nodes, Code: fault.code, Message: fault.message }]];
}

function nameOf(one: Asked | Pick<XmlNodes, "Key" | "VersionId">): string {
  const [key, id] = "key" in one ? [one.key, one.versionId] : [one["Key"], one["VersionId"]];
  return JSON.stringify([key ?? "", id ?? null]);
}
