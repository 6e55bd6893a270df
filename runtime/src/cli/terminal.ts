import { stripVTControlCharacters } from "node:util";

/** Where a command writes, and what can be shown there. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
  /** Ends when everything written has left the process. */
  readonly flush: () => Promise<void>;
  /** A person watches: lines may be drawn again. */
  readonly interactive: boolean;
  /** Characters in a line. */
  readonly columns: () => number;
  readonly paint: (style: Style, text: string) => string;
}
export type Style = "dim" | "bold" | "red" | "green" | "yellow";

const codes: Readonly<Record<Style, string>> = { dim: "2", bold: "1", red: "31", green: "32", yellow: "33" };

/** The process's own streams, as they are when this is called. */
export function processTerminal(environment: NodeJS.ProcessEnv = process.env): Terminal {
  const { stdout, stderr } = process;
  const out = stdout.write.bind(stdout);
  const error = stderr.write.bind(stderr);
  const interactive = stdout.isTTY === true && environment["TERM"] !== "dumb" && !environment["CI"];
  const colored = !environment["NO_COLOR"] && (Boolean(environment["FORCE_COLOR"]) || (stdout.isTTY === true && environment["TERM"] !== "dumb"));
  return {
    out: (text) => void out(text),
    error: (text) => void error(text),
    flush: async () => {
      await new Promise<void>((resolve) => void out("", () => resolve()));
      await new Promise<void>((resolve) => void error("", () => resolve()));
    },
    interactive,
    columns: () => (stdout.isTTY === true ? stdout.columns || 80 : Number.POSITIVE_INFINITY),
    paint: (style, text) => (colored && text !== "" ? `\u001b[${codes[style]}m${text}\u001b[0m` : text),
  };
}

const unsafe = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** Text from elsewhere, with nothing left in it that a terminal would obey; lines stay lines. */
export const plainText = (text: string): string =>
  stripVTControlCharacters(text).replace(unsafe, (mark) => (mark === "\n" ? mark : mark === "\t" ? " " : ""));

/** The same on one line. */
export const plainLine = (text: string): string => plainText(text.replaceAll("\r\n", "\n")).replaceAll("\n", "↵");

const wide = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const segmenter = new Intl.Segmenter();

/** Places that a text takes in a terminal's line. */
export function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(stripVTControlCharacters(text))) width += wide.test(segment) ? 2 : 1;
  return width;
}

/** The text in at most that many places, with "…" where it was cut. */
export function fit(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let result = "";
  let used = 0;
  for (const { segment } of segmenter.segment(text)) {
    const more = wide.test(segment) ? 2 : 1;
    if (used + more > width - 1) break;
    result += segment;
    used += more;
  }
  return `${result}…`;
}

export const padEnd = (text: string, width: number): string => text + " ".repeat(Math.max(0, width - widthOf(text)));
export const padStart = (text: string, width: number): string => " ".repeat(Math.max(0, width - widthOf(text))) + text;
