import type { CompletionItem } from "vscode-languageserver/node";
import type { FileFacts, Span } from "../../index/facts.ts";
import { type Caret, type Frame, isCallOf } from "../caret.ts";
import type { FeatureContext } from "../context.ts";

/** Where completion is asked for. */
export interface Asked {
  readonly context: FeatureContext;
  readonly path: string;
  readonly facts: FileFacts;
  readonly text: string;
  readonly offset: number;
  readonly caret: Caret;
}

/** What can stand in place of a span. */
export interface Offer {
  readonly items: readonly CompletionItem[];
  readonly span: Span;
  /** True where there are more that other letters would find. */
  readonly isPart?: boolean;
}

/** Functions that define what a run makes. */
export const makers = ["asset", "assets"];
/** All that define assets. */
export const definers = [...makers, "source"];

/** The run of characters around an offset that `characters` allows. */
export function wordAround(text: string, offset: number, characters: RegExp): Span {
  let [start, end] = [offset, offset];
  while (start > 0 && characters.test(text[start - 1]!)) start--;
  while (end < text.length && characters.test(text[end]!)) end++;
  return [start, end];
}

/** Characters of a key, of an asset or of a partition. */
export const keyCharacter = /[\p{L}\p{Nd}_./-]/u;
export const nameCharacter = /[\p{L}\p{Nd}_$]/u;

/** The call that an object is the specification of. */
export const callOf = (spec: Frame | undefined) => (spec?.open === "{" && spec.parent?.open === "(" ? spec.parent : undefined);

/** True where the object is the specification of a call of one of these. */
export const isSpecOf = (names: readonly string[], spec: Frame | undefined, facts: FileFacts) => isCallOf(names, callOf(spec), facts);
