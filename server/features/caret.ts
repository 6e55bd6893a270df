import { packageName } from "../index/bindings.ts";
import type { FileFacts } from "../index/facts.ts";

/** A bracket before the caret, open or closed again. */
export interface Frame {
  readonly open: string;
  /** Offset of the bracket. */
  readonly at: number;
  /** What stands before it, as far as it can matter. */
  readonly lead: string;
  readonly parent: Frame | undefined;
  /** Strings directly in it. */
  readonly strings: readonly string[];
  /** Names of the properties, where it is an object's. */
  readonly names: readonly string[];
}

/** What surrounds the caret. */
export interface Caret {
  /** The innermost bracket that is open. */
  readonly frame: Frame | undefined;
  /** Brackets of the same statement that are closed before the caret. */
  readonly closed: readonly Frame[];
  /** Offset of the opening quote of the string, or of the template's text, that the caret is in, closed or not. */
  readonly literal: number | undefined;
  /** True where a property's name may stand or is being typed. */
  readonly atName: boolean;
}

interface OpenFrame extends Frame {
  readonly parent: OpenFrame | undefined;
  readonly strings: string[];
  readonly names: string[];
  expectsName: boolean;
  nameEnd: number;
}

const statement = /^(?:export|const|let|var|await)\b/gm;
const token =
  /(?<space>\s+)|(?<comment>\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(?<string>"(?:\\[\s\S]|[^"\\\n])*(?:"|\\?$)?|'(?:\\[\s\S]|[^'\\\n])*(?:'|\\?$)?)|(?<word>[\p{L}_$][\p{L}\p{Nd}_$]*)|[\s\S]/uy;
const closers: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

const isClosed = (text: string) => text.length > 1 && text.endsWith(text[0]!) && !/(?:^|[^\\])(?:\\\\)*\\.$/su.test(text);

const skipped = /"(?:\\[\s\S]|[^"\\\n])*"?|'(?:\\[\s\S]|[^'\\\n])*'?|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/uy;

/**
 * Reads a template from its opening backtick: where it ends, or, where the text ends before, the innermost template that is open there and
 * whether its last hole is.
 */
export function scanTemplate(text: string, start: number): { readonly end: number } | { readonly open: number; readonly inHole: boolean } {
  /** Braces that are open in the hole; -1 in the text of the template. */
  const open = [{ at: start, braces: -1 }];
  for (let at = start + 1; at < text.length; ) {
    const top = open.at(-1)!;
    const character = text[at];
    if (top.braces < 0) {
      const opensHole = character === "$" && text[at + 1] === "{";
      if (opensHole) top.braces = 0;
      at += opensHole || character === "\\" ? 2 : 1;
      if (character === "`") open.pop();
      if (open.length === 0) return { end: at };
      continue;
    }
    skipped.lastIndex = at;
    const skip = skipped.exec(text);
    if (skip) {
      at = skipped.lastIndex;
      continue;
    }
    if (character === "`") open.push({ at, braces: -1 });
    else if (character === "{") top.braces++;
    else if (character === "}") top.braces--;
    at++;
  }
  const { at, braces } = open.at(-1)!;
  return { open: at, inHole: braces >= 0 };
}

function takeName(frame: OpenFrame, name: string, end: number): void {
  frame.names.push(name);
  frame.expectsName = false;
  frame.nameEnd = end;
}

/**
 * Reads the statement around an offset by its brackets and strings alone: a half-typed text has no syntax tree that could be trusted, and
 * here an unclosed string ends with its line. `undefined` inside a comment, and inside a hole of a template.
 */
export function caretAt(text: string, offset: number): Caret | undefined {
  const before = text.slice(0, offset);
  let from = 0;
  for (const { index } of before.matchAll(statement)) from = index;
  let frame: OpenFrame | undefined;
  const closed: Frame[] = [];
  let literal: number | undefined;
  token.lastIndex = from;
  for (let match = token.exec(before); match; match = token.exec(before)) {
    const [piece] = match;
    if (piece === "`") {
      const start = token.lastIndex - 1;
      const template = scanTemplate(before, start);
      if ("open" in template) {
        if (template.inHole) return undefined;
        literal = template.open;
        break;
      }
      frame?.strings.push(before.slice(start + 1, template.end - 1));
      token.lastIndex = template.end;
      continue;
    }
    const end = token.lastIndex;
    const { space, comment, string, word } = match.groups!;
    if (space !== undefined) continue;
    if (comment !== undefined) {
      if (end === offset && !comment.endsWith("*/")) return undefined;
    } else if (string !== undefined) {
      if (end === offset && !isClosed(string)) literal = end - string.length;
      if (!frame || literal !== undefined) continue;
      const value = isClosed(string) ? string.slice(1, -1) : string.slice(1);
      if (frame.expectsName) takeName(frame, value, end);
      else frame.strings.push(value);
    } else if (word !== undefined) {
      if (frame?.expectsName) takeName(frame, word, end);
    } else if (piece === "(" || piece === "[" || piece === "{") {
      const at = end - 1;
      const lead = before.slice(Math.max(from, at - 200), at);
      frame = { open: piece, at, lead, parent: frame, strings: [], names: [], expectsName: piece === "{", nameEnd: -1 };
    } else if (closers[piece] !== undefined) {
      if (frame?.open !== closers[piece]) continue; // Half-typed: as if it were not there.
      closed.push(frame);
      frame = frame.parent;
    } else if (frame) frame.expectsName = piece === "," && frame.open === "{";
  }
  return { frame, closed, literal, atName: frame !== undefined && (frame.expectsName || frame.nameEnd === offset) };
}

/** Name of the property whose value begins with the bracket; an arrow function's parameters begin it as well. */
export const labelOf = ({ lead }: Frame): string | undefined => /([\p{L}_$][\p{L}\p{Nd}_$]*)["']?\s*:\s*(?:async\s*)?$/u.exec(lead)?.[1];

/** What is called, or defined as a method, by the parenthesis. */
export const calleeOf = ({ open, lead }: Frame): string | undefined =>
  open === "(" ? /([\p{L}_$][\p{L}\p{Nd}_$.]*)\s*(?:<[^()]*>)?\s*$/u.exec(lead)?.[1] : undefined;

/** True for the parenthesis of a call of one of the package's functions, whatever the file calls it. */
export function isCallOf(names: readonly string[], frame: Frame | undefined, { imports }: FileFacts): boolean {
  const callee = frame && calleeOf(frame);
  if (callee === undefined) return false;
  return imports.some(({ local, imported, spec }) => {
    if (spec !== packageName) return false;
    return imported === "*" ? names.some((name) => callee === `${local}.${name}`) : local === callee && names.includes(imported);
  });
}
