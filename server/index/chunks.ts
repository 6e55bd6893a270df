import type { Span } from "./facts.ts";

/** A top-level statement as the text alone shows it: from a keyword in the first column to the next one. */
export interface Chunk {
  readonly start: number;
  readonly end: number;
  /** Of a `const`, `let` or `var` that declares one name. */
  readonly name?: string;
  readonly isImport: boolean;
}

const anchor =
  /^(?:(?:export\s+)?(?:const|let|var)\s+(?:(?<name>[\p{ID_Start}$_][\p{ID_Continue}$]*)|[{[])|export\s*(?:default\b|[{*])|(?<import>import)\b|(?:export\s+)?(?:declare\s+|abstract\s+|async\s+)*(?:function|class|interface|type|enum|namespace)\b|(?<call>[\p{ID_Start}$_][\p{ID_Continue}$.]*)\s*[(<])/gmu;
const blockComment = /^[ \t]*\/\*[\s\S]*?\*\//gm;

/** Cuts a text into its top-level statements without parsing it. `isDefiner` says which calls in the first column begin one. */
export function chunksOf(text: string, isDefiner: (callee: string) => boolean): readonly Chunk[] {
  const comments: Span[] = Array.from(text.matchAll(blockComment), ({ index, 0: comment }) => [index, index + comment.length]);
  const starts = Array.from(text.matchAll(anchor)).filter(
    ({ index, groups }) =>
      (groups?.["call"] === undefined || isDefiner(groups["call"])) && !comments.some(([start, end]) => start <= index && index < end),
  );
  return starts.map(({ index, groups }, order) => ({
    start: index,
    end: starts[order + 1]?.index ?? text.length,
    ...(groups?.["name"] === undefined ? {} : { name: groups["name"] }),
    isImport: groups?.["import"] !== undefined,
  }));
}
