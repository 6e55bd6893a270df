import { type CompletionItem, CompletionItemKind, type CompletionList } from "vscode-languageserver/node";
import type { Position } from "../../runtime/src/model/graph.ts";
import type { FileFacts, Span } from "../index/facts.ts";
import { offsetAt, rangeOf } from "../index/text.ts";
import { type Caret, calleeOf, caretAt, type Frame, isCallOf, labelOf } from "./caret.ts";
import type { FeatureContext } from "./context.ts";

/** Characters after which a client asks by itself. */
export const completionTriggers = ['"', "'", "/", "{"];

/** More than a list shows; the client asks again as letters are typed. */
const most = 500;

const definers = ["asset", "assets"];

/** The run of characters around the offset that `characters` allows. */
function wordAround(text: string, offset: number, characters: RegExp): Span {
  let [start, end] = [offset, offset];
  while (start > 0 && characters.test(text[start - 1]!)) start--;
  while (end < text.length && characters.test(text[end]!)) end++;
  return [start, end];
}

const keyCharacter = /[\p{L}\p{Nd}_./-]/u;
const nameCharacter = /[\p{L}\p{Nd}_$]/u;

/** The call that an object is the specification of. */
const callOf = (spec: Frame | undefined) => (spec?.open === "{" && spec.parent?.open === "(" ? spec.parent : undefined);

/** True inside a string that names assets: an element of `deps`, or a selection. */
function namesAssets({ frame }: Caret, facts: FileFacts): boolean {
  if (frame?.open === "[" && labelOf(frame) === "deps") return isCallOf(definers, callOf(frame.parent), facts);
  return frame?.strings.length === 0 && isCallOf(["materialize"], frame, facts);
}

function keyItems({ workspace }: FeatureContext, path: string, { frame }: Caret, typed: string): { items: CompletionItem[]; more: boolean } {
  const scope = workspace.projectOf(path);
  if (scope === "") return { items: [], more: false };
  const call = callOf(frame?.parent);
  const left = new Set([...(call?.strings.slice(0, 1) ?? []), ...(frame?.strings ?? [])]);
  const items: CompletionItem[] = [];
  const letters = typed.toLowerCase();
  const all = [...workspace.keys.keys(scope)].filter((key) => !left.has(key)).sort();
  const fitting = all.length > most ? all.filter((key) => key.toLowerCase().includes(letters)) : all;
  for (const key of fitting.slice(0, most)) {
    const node = workspace.nodes.get(workspace.keys.ids(scope, key)[0]!);
    if (!node) continue;
    const { kind, group, description } = workspace.fact(node);
    items.push({
      label: key,
      kind: CompletionItemKind.Reference,
      detail: group === undefined ? kind : `${kind} · ${group}`,
      ...(description === undefined ? {} : { documentation: description }),
    });
  }
  return { items, more: all.length > most };
}

/** Targets of the config around the caret, as far as they are written before it or were before the text broke. */
function targetNames({ frame, closed }: Caret, facts: FileFacts): string[] {
  const written = closed.filter((each) => each.parent === frame && labelOf(each) === "targets").flatMap(({ names }) => names);
  return [...new Set([...written, ...(facts.config?.targets ?? [])])];
}

/** The specification whose `run` destructures its inputs at the caret. */
function destructuredSpec(caret: Caret, facts: FileFacts, text: string): Frame | undefined {
  const { frame } = caret;
  const parameters = frame?.open === "{" ? frame.parent : undefined;
  if (!frame || !parameters || parameters.open !== "(" || !caret.atName) return undefined;
  if (labelOf(parameters) !== "run" && calleeOf(parameters) !== "run") return undefined;
  if (text.slice(parameters.at + 1, frame.at).trim() !== "") return undefined;
  return isCallOf(definers, callOf(parameters.parent), facts) ? parameters.parent : undefined;
}

/** Inputs that the callback around the caret can still take. */
function inputNames(caret: Caret, spec: Frame, facts: FileFacts, text: string, [start, end]: Span): string[] {
  const written = caret.closed.filter((each) => each.parent === spec && labelOf(each) === "inputs").flatMap(({ names }) => names);
  const around = facts.assets.filter(({ span }) => span[0] <= spec.at && start <= span[1]);
  const known = around.flatMap(({ refs }) => refs.flatMap(({ input }) => input ?? []));
  const rest = /^[^}]*/.exec(text.slice(end))![0];
  const taken = new Set([...caret.frame!.names.slice(0, start < end ? -1 : undefined), ...(rest.match(/[\p{L}_$][\p{L}\p{Nd}_$]*/gu) ?? [])]);
  return [...new Set([...written, ...known])].filter((name) => !taken.has(name));
}

/** Names that only the graph knows: asset keys in strings, targets, and the inputs that a callback can take. */
export function completion(context: FeatureContext, path: string, position: Position): CompletionList {
  const facts = context.workspace.facts(path);
  const text = context.text(path);
  const offset = facts && offsetAt(facts.lines, position);
  const caret = text === undefined || offset === undefined ? undefined : caretAt(text, offset);
  if (!facts || text === undefined || offset === undefined || !caret) return { isIncomplete: false, items: [] };
  const list = (items: readonly CompletionItem[], span: Span, more = false): CompletionList => ({
    isIncomplete: more,
    items: items.map((item) => ({ ...item, textEdit: { range: rangeOf(facts.lines, span), newText: item.label } })),
  });

  if (caret.inString) {
    const span = wordAround(text, offset, keyCharacter);
    if (namesAssets(caret, facts)) {
      const { items, more } = keyItems(context, path, caret, text.slice(span[0], offset));
      return list(items, span, more);
    }
    const isDefault =
      caret.frame?.open === "{" && caret.frame.names.at(-1) === "defaultTarget" && isCallOf(["defineConfig"], callOf(caret.frame), facts);
    if (!isDefault) return list([], span);
    return list(
      targetNames(caret, facts).map((label) => ({ label, kind: CompletionItemKind.EnumMember, detail: "target" })),
      span,
    );
  }
  const span = wordAround(text, offset, nameCharacter);
  const spec = destructuredSpec(caret, facts, text);
  const names = spec ? inputNames(caret, spec, facts, text, span) : [];
  return list(
    names.map((label) => ({ label, kind: CompletionItemKind.Variable, detail: "input" })),
    span,
  );
}
