import { CompletionItemKind } from "vscode-languageserver/node";
import type { FileFacts, Span } from "../../index/facts.ts";
import { type Caret, calleeOf, type Frame, labelOf } from "../caret.ts";
import { type Asked, isSpecOf, keyCharacter, makers, nameCharacter, type Offer, wordAround } from "./asked.ts";

/** Targets of the config around the caret, as far as they are written before it or were before the text broke. */
export function targets({ facts, text, offset, caret: { frame, closed, literal } }: Asked): Offer | undefined {
  if (literal === undefined || frame?.names.at(-1) !== "defaultTarget" || !isSpecOf(["defineConfig"], frame, facts)) return undefined;
  const written = closed.filter((each) => each.parent === frame && labelOf(each) === "targets").flatMap(({ names }) => names);
  const names = [...new Set([...written, ...(facts.config?.targets ?? [])])];
  return {
    items: names.map((label) => ({ label, kind: CompletionItemKind.EnumMember, detail: "target" })),
    span: wordAround(text, offset, keyCharacter),
  };
}

/** The specification whose `run` destructures its inputs at the caret. */
function destructuredSpec(caret: Caret, facts: FileFacts, text: string): Frame | undefined {
  const { frame } = caret;
  const parameters = frame?.open === "{" ? frame.parent : undefined;
  if (!frame || !parameters || parameters.open !== "(" || !caret.atName) return undefined;
  if (labelOf(parameters) !== "run" && calleeOf(parameters) !== "run") return undefined;
  if (text.slice(parameters.at + 1, frame.at).trim() !== "") return undefined;
  return isSpecOf(makers, parameters.parent, facts) ? parameters.parent : undefined;
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

/** Inputs, where `run` takes them apart. */
export function inputs({ facts, text, offset, caret }: Asked): Offer | undefined {
  const spec = caret.literal === undefined ? destructuredSpec(caret, facts, text) : undefined;
  if (!spec) return undefined;
  const span = wordAround(text, offset, nameCharacter);
  const items = inputNames(caret, spec, facts, text, span).map((label) => ({ label, kind: CompletionItemKind.Variable, detail: "input" }));
  return { items, span };
}
