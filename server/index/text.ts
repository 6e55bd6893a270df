import type { Position, Range } from "../../runtime/src/model/graph.ts";
import type { Span } from "./facts.ts";

/** Offset of each line's first character. Lines end as the language server protocol has it: \n, \r\n or \r. */
export function lineStarts(text: string): number[] {
  const starts = [0];
  const hasReturn = text.includes("\r");
  for (let at = nextBreak(text, 0, hasReturn); at >= 0; at = nextBreak(text, starts[starts.length - 1]!, hasReturn)) {
    starts.push(text.charCodeAt(at) === 13 && text.charCodeAt(at + 1) === 10 ? at + 2 : at + 1);
  }
  return starts;
}

function nextBreak(text: string, from: number, hasReturn: boolean): number {
  const feed = text.indexOf("\n", from);
  if (!hasReturn) return feed;
  const back = text.indexOf("\r", from);
  return back >= 0 && (feed < 0 || back < feed) ? back : feed;
}

/** Zero-based line and character of an offset. */
export function positionAt(lines: readonly number[], offset: number): Position {
  let low = 0;
  let high = lines.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (lines[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low, character: Math.max(0, offset - lines[low]!) };
}

/** Offset of a position; past the end of a line it is the start of the next one. */
export function offsetAt(lines: readonly number[], { line, character }: Position): number {
  if (line < 0) return 0;
  const start = lines[Math.min(line, lines.length - 1)]!;
  const next = lines[line + 1];
  return next === undefined ? start + Math.max(0, character) : Math.min(start + Math.max(0, character), next);
}

export const rangeOf = (lines: readonly number[], [start, end]: Span): Range => ({ start: positionAt(lines, start), end: positionAt(lines, end) });

/** True also at the end of the span, where a caret after the last character stands. */
export const covers = (span: Span | undefined, offset: number): boolean => span !== undefined && span[0] <= offset && offset <= span[1];
