/** A text as markdown that shows nothing but the text: it comes from files and stores of others. */
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

/**
 * Markdown that somebody else wrote, so that showing it asks the network for nothing and leaves what follows it alone: no images, no links but
 * to the web, no open code block at its end. HTML and commands are left to the viewer, which must not be told to trust it.
 */
export function tameMarkdown(text: string): string {
  const tame = text
    .replace(/\r\n?/g, "\n")
    .replace(/[^\P{Cc}\n\t]/gu, "")
    .replace(/!(?=\[)/g, "! ")
    .replace(/\](?=\((?!\s*<?https?:\/\/))/gi, "] ")
    .replace(/\](?=:\s*<?(?!https?:)[a-z][a-z0-9+.-]*:)/gi, "] ")
    .replace(/<(?=(?!https?:)[a-z][a-z0-9+.-]*:)/gi, "< ");
  const fences = tame.match(/^\s{0,3}(?:```|~~~)/gm)?.length ?? 0;
  return fences % 2 === 1 ? `${tame}\n\`\`\`` : tame;
}
