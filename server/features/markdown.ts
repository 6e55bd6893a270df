/** A text as markdown that shows nothing but the text: it comes from files of others. */
export const escapeMarkdown = (text: string): string =>
  text
    .replace(/[\\`*_{}[\]()#+\-.!|~<>&$:@/]/g, "\\$&")
    .replace(/\r\n?|\n/g, " ")
    .replace(/\p{Cc}/gu, "");

/** The same, in code type: backticks inside are fenced by longer ones. */
export function code(text: string): string {
  const clean = text.replace(/\r\n?|\n/g, " ").replace(/\p{Cc}/gu, "");
  const longest = Math.max(0, ...Array.from(clean.matchAll(/`+/g), ([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  const pad = clean.startsWith("`") || clean.endsWith("`") || clean === "" ? " " : "";
  return `${fence}${pad}${clean}${pad}${fence}`;
}
