import type { FileFacts } from "./facts.ts";

/** Facts as a text: a quarter of the memory, and what the cache on disk holds. */
export type PackedFacts = string;

export function pack(facts: FileFacts): PackedFacts {
  const lengths = facts.lines.map((start, index) => start - (facts.lines[index - 1] ?? 0));
  return JSON.stringify({ ...facts, lines: lengths });
}

export function unpack(packed: PackedFacts): FileFacts {
  const facts = JSON.parse(packed) as FileFacts;
  let start = 0;
  const lines = facts.lines.map((length) => {
    start += length;
    return start;
  });
  return { ...facts, lines };
}

/** The same text, without the file's text behind it that a cut-out piece keeps alive. */
export const ownText = (text: string): string => (text.length < 13 ? text : (JSON.parse(JSON.stringify(text)) as string));
