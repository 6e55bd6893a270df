import { formatBytes } from "./duration.ts";
import { code, escapeMarkdown, tameMarkdown } from "./markdown.ts";

/** What a materialization recorded, by name: plain data, and what `md()`, `link()` and `table()` make. */
export type Metadata = Readonly<Record<string, unknown>>;

/** One entry as a line of plain text. */
export interface MetadataLine {
  readonly name: string;
  readonly text: string;
  /** Of a link to the web. */
  readonly url?: string;
}

type Lines = readonly Readonly<Record<string, unknown>>[];
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);
const isColumn = (value: unknown): value is { readonly name: string; readonly type: string } =>
  isObject(value) && typeof value["name"] === "string" && typeof value["type"] === "string";

const markdownOf = (value: unknown): string | undefined =>
  isObject(value) && value["type"] === "markdown" && typeof value["text"] === "string" ? value["text"] : undefined;
/** The lines of a `table()`. */
export const tableOf = (value: unknown): Lines | undefined =>
  isObject(value) && value["type"] === "table" && Array.isArray(value["lines"]) ? value["lines"].filter(isObject) : undefined;
function linkOf(value: unknown): { readonly url: string; readonly text: string } | undefined {
  if (!isObject(value) || value["type"] !== "link" || typeof value["url"] !== "string") return undefined;
  const { url } = value as { readonly url: string };
  return { url, text: typeof value["text"] === "string" ? value["text"] : url };
}
const isWeb = (url: string) => /^https?:\/\/[^\s<>"]+$/i.test(url);

/** A plain value as one line: numbers exactly as they were recorded. */
function plain(name: string, value: unknown): string {
  if (typeof value === "string") return value.replace(/\s+/g, " ").trim();
  if (name === "bytes" && typeof value === "number") return formatBytes(value);
  if (name === "columns" && Array.isArray(value) && value.every(isColumn)) return value.map((column) => `${column.name} ${column.type}`).join(", ");
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

const shown = (metadata: Metadata) => Object.entries(metadata).filter(([, value]) => value !== undefined);

/** Every entry as a line of plain text, in the order in which they were recorded. */
export const metadataLines = (metadata: Metadata): readonly MetadataLine[] =>
  shown(metadata).map(([name, value]) => {
    const link = linkOf(value);
    if (link) return { name, text: link.text, ...(isWeb(link.url) ? { url: link.url } : {}) };
    const lines = tableOf(value);
    if (lines) return { name, text: lines.map((line) => Object.values(line).map(String).join(" | ")).join("; ") };
    return { name, text: plain(name, markdownOf(value) ?? value) };
  });

/** The same as markdown: tables as tables, texts of `md()` as they were written, tamed. Everything else is escaped. */
export function metadataMarkdown(metadata: Metadata): string {
  const short: string[] = [];
  const long: string[] = [];
  for (const [name, value] of shown(metadata)) {
    const label = escapeMarkdown(name);
    const text = markdownOf(value);
    const lines = tableOf(value);
    const link = linkOf(value);
    if (text !== undefined) long.push(`${label}:\n\n${tameMarkdown(text)}`);
    else if (lines) long.push(`${label}:\n\n${tableMarkdown(lines)}`);
    else if (link && isWeb(link.url)) short.push(`${label}: [${escapeMarkdown(link.text)}](<${link.url}>)`);
    else if (link) short.push(`${label}: ${escapeMarkdown(`${link.text} (${link.url})`)}`);
    else if (name === "query" && typeof value === "string") short.push(`${label}: ${code(value)}`);
    else short.push(`${label}: ${escapeMarkdown(plain(name, value))}`);
  }
  return [short.join("  \n"), ...long].filter((part) => part !== "").join("\n\n");
}

const mostLines = 20;

function tableMarkdown(lines: Lines): string {
  const columns = [...new Set(lines.flatMap((line) => Object.keys(line)))];
  if (columns.length === 0) return "";
  const row = (cells: readonly string[]) => `| ${cells.map(escapeMarkdown).join(" | ")} |`;
  const cell = (value: unknown) => (value === undefined || value === null ? "" : String(value));
  const body = lines.slice(0, mostLines).map((line) => row(columns.map((column) => cell(line[column]))));
  return [row(columns), `|${columns.map(() => " --- |").join("")}`, ...body].join("\n");
}
