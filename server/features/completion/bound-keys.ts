import { type CompletionItem, CompletionItemKind } from "vscode-languageserver/node";
import type { BoundKeyFact } from "../../index/facts.ts";
import { hasBoundKeys } from "../../index/pack.ts";
import type { Workspace } from "../../index/workspace.ts";
import { freeName, importEdit, specifier, type Target } from "../actions/edits.ts";
import { type Caret, type Frame, labelOf } from "../caret.ts";
import { defaultManager } from "../findings/bindings.ts";
import { type Asked, definers, isSpecOf, makers, nameCharacter, type Offer, wordAround } from "./asked.ts";

interface Found {
  readonly path: string;
  readonly key: BoundKeyFact;
}

/** Every I/O manager key and resource key of a project, in a fixed order. */
function boundKeysOf(workspace: Workspace, scope: string): readonly Found[] {
  const found: Found[] = [];
  for (const path of workspace.files) {
    const packed = workspace.packed(path);
    if (packed === undefined || !hasBoundKeys(packed) || workspace.projectOf(path) !== scope) continue;
    for (const key of workspace.facts(path)?.boundKeys ?? []) found.push({ path, key });
  }
  return found.sort((a, b) => (a.key.name < b.key.name ? -1 : 1));
}

const words: Readonly<Record<BoundKeyFact["kind"], string>> = { "io-manager": "I/O manager key", resource: "resource key" };

/** A variable that holds a key, with the import that it needs; `undefined` where nothing reaches it from here. */
function variable(workspace: Workspace, file: Target, at: number, { path, key }: Found): CompletionItem | undefined {
  const name = key.path[0]!;
  if (key.path.length > 1 || !/^[\p{L}_$][\p{L}\p{Nd}_$]*$/u.test(name)) return undefined;
  const item = { kind: CompletionItemKind.Variable, detail: `${words[key.kind]} "${key.name}"`, sortText: `0${name}` };
  if (path === file.path) return key.span[0] < at ? { ...item, label: name } : undefined;
  const exported = workspace.facts(path)!.exports.find(({ local, spec }) => local === name && spec === undefined);
  if (!exported || exported.name === "default") return undefined;
  const spec = specifier(file, path);
  const known = file.facts.imports.find((each) => each.imported === exported.name && each.spec === spec);
  if (known) return { ...item, label: known.local };
  // What is typed may be this very name.
  const others = file.text.slice(0, at) + file.text.slice(wordAround(file.text, at, nameCharacter)[1]);
  const local = freeName(exported.name, others) === exported.name ? exported.name : freeName(key.name, others);
  const names = exported.name === local ? `{ ${local} }` : `{ ${exported.name} as ${local} }`;
  return { ...item, label: local, labelDetails: { description: spec }, additionalTextEdits: [importEdit(file, names, spec)] };
}

/** What a property's value may be one of, where the caret is at such a value, or at a name that is its own value. */
function wanted({ frame, atName }: Caret, { facts, text }: Pick<Asked, "facts" | "text">, start: number): BoundKeyFact["kind"] | undefined {
  if (frame?.open !== "{") return undefined;
  const isValue = !atName && /:\s*$/.test(text.slice(0, start));
  if (isValue && frame.names.at(-1) === "ioManager" && isSpecOf(definers, frame, facts)) return "io-manager";
  const isResource = labelOf(frame) === "resources" && isSpecOf(makers, frame.parent, facts);
  return isResource && (atName || isValue) ? "resource" : undefined;
}

/** Variables that hold keys, in `ioManager: ‸` and `resources: { ‸ }`. */
export function keyVariables({ context: { workspace }, path, facts, text, offset, caret }: Asked): Offer | undefined {
  if (caret.literal !== undefined) return undefined;
  const span = wordAround(text, offset, nameCharacter);
  const kind = wanted(caret, { facts, text }, span[0]);
  if (!kind) return undefined;
  const left = new Set(caret.atName ? caret.frame!.names.slice(0, span[0] < offset ? -1 : undefined) : []);
  const items = boundKeysOf(workspace, workspace.projectOf(path)).flatMap((found) => {
    const item = found.key.kind === kind ? variable(workspace, { path, text, facts }, span[0], found) : undefined;
    return item && !left.has(item.label) ? [item] : [];
  });
  return { items, span };
}

/** The target of a config whose bindings the caret is among. */
function targetAt({ frame }: Caret, { facts }: Pick<Asked, "facts">): Frame | undefined {
  const targets = frame?.open === "{" ? frame.parent : undefined;
  const isTarget = targets?.open === "{" && labelOf(targets) === "targets" && isSpecOf(["defineConfig"], targets.parent, facts);
  return isTarget ? frame : undefined;
}

/** Keys that a target does not bind yet, among its bindings. */
export function bindings({ context: { workspace }, path, facts, text, offset, caret }: Asked): Offer | undefined {
  const target = caret.atName ? targetAt(caret, { facts }) : undefined;
  const isClosed = caret.literal === undefined;
  if (!target) return undefined;
  const span = wordAround(text, offset, isClosed ? nameCharacter : /[^"'\n]/u);
  const start = isClosed ? span[0] : caret.literal + 1;
  const own = facts.config?.bound.find(({ name }) => name === labelOf(target));
  const later = own?.bindings.filter(({ span: at }) => at[0] > span[1]).map(({ name }) => name) ?? [];
  const bound = new Set([...target.names.slice(0, isClosed && start < offset ? -1 : undefined), ...later]);
  const keys = boundKeysOf(workspace, workspace.projectOf(path)).map(({ key: { kind, name } }) => ({ name, detail: words[kind] }));
  const all = new Map([[defaultManager, "what assets use that choose no I/O manager"], ...keys.map(({ name, detail }) => [name, detail] as const)]);
  const items = [...all].flatMap(([name, detail]): CompletionItem[] => {
    if (bound.has(name)) return [];
    const insertText = isClosed && !/^[\p{L}_$][\p{L}\p{Nd}_$]*$/u.test(name) ? JSON.stringify(name) : name;
    return [{ label: name, kind: CompletionItemKind.Property, detail, sortText: `0${name}`, insertText }];
  });
  return { items, span: [start, span[1]] };
}
