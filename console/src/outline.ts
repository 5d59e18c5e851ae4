// Which agents a document names, and the clouds of their scopes: read from the editor's syntax tree, so that it can be
// told of a document with errors, too.

import type { SyntaxNode, Tree } from "@lezer/common";

export interface Agent {
  name: string;
  /** The cloud of each scope, in the document's order. */
  clouds: string[];
}

/** The agents of a document, in its order. Keys and clouds are read as they are written, without aliases. */
export function agents(tree: Tree, text: string): Agent[] {
  const document = tree.topNode.getChild("Document");
  const root = child(document, "Mapping");
  return pairs(entry(root, "agents", text), text).map(([name, agent]) => ({
    name,
    clouds: items(entry(agent, "scopes", text)).map((scope) => scalar(entry(scope, "cloud", text), text)),
  }));
}

type Node = SyntaxNode | null;

function entry(mapping: Node, key: string, text: string): Node {
  return pairs(mapping, text).find(([name]) => name === key)?.[1] ?? null;
}

function pairs(mapping: Node, text: string): [string, Node][] {
  if (mapping === null || !mapping.name.endsWith("Mapping")) return [];
  return mapping.getChildren("Pair").map((pair) => {
    const key = pair.getChild("Key");
    return [scalar(key === null ? null : key.firstChild, text), value(pair.lastChild)];
  });
}

function items(sequence: Node): Node[] {
  if (sequence === null || !sequence.name.endsWith("Sequence")) return [];
  return sequence.getChildren("Item").map((item) => value(item.lastChild));
}

/** The node itself, or what an anchor or a tag stands before. */
function value(node: Node): Node {
  const named = node?.name === "Anchored" || node?.name === "Tagged";
  return named ? value(node.lastChild) : node;
}

function child(node: Node, ending: string): Node {
  for (let next = node?.firstChild ?? null; next !== null; next = next.nextSibling) {
    const found = value(next);
    if (found?.name.endsWith(ending)) return found;
  }
  return null;
}

function scalar(node: Node, text: string): string {
  if (node === null) return "";
  const written = text.slice(node.from, node.to);
  return node.name === "QuotedLiteral" ? written.slice(1, -1) : written;
}
