import { type AnnotatedTextEdit, LSPErrorCodes, type Range, ResponseError, type WorkspaceEdit } from "vscode-languageserver/node";
import type { Position } from "../../runtime/src/model/graph.ts";
import { keyMistake } from "../../runtime/src/model/keys.ts";
import type { ClientAbilities } from "../client-abilities.ts";
import type { Span } from "../index/facts.ts";
import type { Node } from "../index/node.ts";
import { nameOf, uriOfPath } from "../index/paths.ts";
import { offsetAt, rangeOf } from "../index/text.ts";
import type { Workspace } from "../index/workspace.ts";
import { caretAt, isCallOf } from "./caret.ts";
import type { FeatureContext } from "./context.ts";
import { assetOf, spotAt } from "./spot.ts";

/** Says to the user why a rename is not done. */
function refuse(reason: string): never {
  throw new ResponseError(LSPErrorCodes.RequestFailed, reason);
}

/** A literal that has the key. */
interface Place {
  readonly path: string;
  readonly span: Span;
}

/** Every literal that has the asset's key: its own, and the strings that name it. */
function placesOf(workspace: Workspace, node: Node): readonly Place[] {
  const places = new Map<string, Place>();
  const add = (path: string, span: Span) => places.set(`${path}\n${span[0]}`, { path, span });
  add(node.path, workspace.fact(node).keySpan);
  for (const id of workspace.downstream(node.id)) {
    const reader = workspace.nodes.get(id);
    if (!reader) continue;
    for (const { ref, target } of workspace.edges(reader)) if (target === node.id && ref.key !== undefined) add(reader.path, ref.span);
  }
  return [...places.values()];
}

/** Refuses where the text of a literal is not the key in quotes: then the file changed behind the index's back. */
function checkPlace(content: string | undefined, { path, span }: Place, key: string): void {
  const literal = content?.slice(...span);
  if (literal === undefined || literal.slice(1, -1) !== key || !/^["'`]/.test(literal)) {
    refuse(`"${key}" cannot be renamed: ${nameOf(path)} does not have it where it was when the file was read last. Save the file and try again.`);
  }
}

/** Refuses where a text that mentions the key could not be followed. */
function checkReferrers({ workspace, text }: FeatureContext, node: Node, key: string): void {
  for (const { path } of placesOf(workspace, node)) {
    if (!workspace.parses(path)) refuse(`"${key}" cannot be renamed while ${nameOf(path)}, which names it, has syntax errors.`);
  }
  const quoted = [`"${key}"`, `'${key}'`, `\`${key}\``];
  const mentions = (some: string) => quoted.some((each) => some.includes(each));
  for (const path of workspace.files) {
    if (!workspace.has(path) || workspace.parses(path) || workspace.projectOf(path) !== node.scope) continue;
    if (mentions(text(path) ?? "")) refuse(`"${key}" cannot be renamed while ${nameOf(path)}, which mentions it, has syntax errors.`);
  }
  for (const reader of workspace.nodes.values()) {
    // What is computed leads nowhere; facts of a closed file cost time.
    if (reader.scope !== node.scope || !reader.covered || !reader.targets.includes(undefined)) continue;
    for (const ref of workspace.fact(reader).refs) {
      const isComputed = ref.key === undefined && ref.chain === undefined && ref.inline === undefined;
      if (isComputed && mentions(ref.text)) {
        refuse(`"${key}" cannot be renamed: ${nameOf(reader.path)} computes a key from it in \`${ref.text}\`. Write that key out first.`);
      }
    }
  }
}

/** The asset whose key stands at the position, with the literal there; `undefined` where no key does. */
function keyAt(
  context: FeatureContext,
  path: string,
  position: Position,
): { readonly node: Node; readonly key: string; readonly span: Span } | undefined {
  const { workspace, text, isSettled } = context;
  const facts = workspace.facts(path);
  if (!facts) return undefined;
  const spot = spotAt(workspace, path, position);
  if (spot?.part !== "key") {
    const caret = caretAt(text(path) ?? "", offsetAt(facts.lines, position));
    const isComputed = caret?.literal !== undefined && caret.frame?.names.length === 0 && isCallOf(["asset", "source"], caret.frame, facts);
    if (isComputed) refuse("This key is computed when the code runs, and can only be renamed by hand.");
    return undefined;
  }
  const node = assetOf(spot);
  if (!isSettled()) refuse("Assets are still being indexed. Try again in a moment.");
  if (!node || node.key === undefined) refuse("No asset of this project has this key, so there is nothing to rename.");
  const { key } = node;
  if (node.kind === "output") refuse(`"${key}" is an output: its key is that of its definition and the output's name. Rename one of these by hand.`);
  if (workspace.keys.ids(node.scope, key).length > 1) refuse(`"${key}" is defined more than once. Give one of them another key by hand.`);
  checkReferrers(context, node, key);
  return { node, key, span: spot.span };
}

/** The key without its quotes, and where it stands; null for what is no key. Throws where it cannot be renamed, with the reason. */
export function prepareRename(context: FeatureContext, path: string, position: Position): { range: Range; placeholder: string } | null {
  const found = keyAt(context, path, position);
  if (!found) return null;
  checkPlace(context.text(path), { path, span: found.span }, found.key);
  const { lines } = context.workspace.facts(path)!;
  return { range: rangeOf(lines, [found.span[0] + 1, found.span[1] - 1]), placeholder: found.key };
}

const annotation = "stored-data";

/** Renames an asset's key in its own literal and in every string of the project that names it. Throws where that cannot be done safely. */
export function rename(
  context: FeatureContext,
  path: string,
  { position, newName }: { readonly position: Position; readonly newName: string },
  { documentChanges, changeAnnotations }: Pick<ClientAbilities, "documentChanges" | "changeAnnotations">,
): WorkspaceEdit | null {
  const { workspace, openDocument } = context;
  const found = keyAt(context, path, position);
  if (!found || newName === found.key) return null;
  const { node, key } = found;
  const mistake = keyMistake(newName);
  if (mistake) refuse(`"${newName}" is no asset key: ${mistake}.`);
  if (workspace.keys.ids(node.scope, newName).length > 0) refuse(`Another asset of this project has the key "${newName}".`);
  const byPath = new Map<string, AnnotatedTextEdit[]>();
  const texts = new Map<string, string | undefined>();
  for (const place of placesOf(workspace, node)) {
    if (!texts.has(place.path)) texts.set(place.path, context.text(place.path));
    checkPlace(texts.get(place.path), place, key);
    const range = rangeOf(workspace.facts(place.path)!.lines, [place.span[0] + 1, place.span[1] - 1]);
    const edit = { range, newText: newName, ...(documentChanges && changeAnnotations ? { annotationId: annotation } : {}) };
    const edits = byPath.get(place.path);
    if (edits) edits.push(edit as AnnotatedTextEdit);
    else byPath.set(place.path, [edit as AnnotatedTextEdit]);
  }
  const uri = (file: string) => openDocument(file)?.uri ?? uriOfPath(file);
  if (!documentChanges) return { changes: Object.fromEntries([...byPath].map(([file, edits]) => [uri(file), edits])) };
  return {
    documentChanges: [...byPath].map(([file, edits]) => ({ textDocument: { uri: uri(file), version: openDocument(file)?.version ?? null }, edits })),
    ...(changeAnnotations
      ? {
          changeAnnotations: {
            [annotation]: {
              label: "Stored data keeps its old name",
              description: `What is stored as "${key}" is not moved, and "${newName}" finds nothing until it is stored under that name.`,
              needsConfirmation: false,
            },
          },
        }
      : {}),
  };
}
