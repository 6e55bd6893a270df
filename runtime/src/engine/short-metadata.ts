import type { StoredMetadata } from "../model/values.ts";

/** Longest text kept of one entry, characters; most entries; most lines of a list. */
const longest = 2000;
const most = 20;
const mostLines = 50;

/** What a materialization recorded besides its place and rows, cut so that the states of thousands of assets can be sent together. */
export function shortMetadata(metadata: StoredMetadata | undefined): { readonly metadata?: Readonly<Record<string, unknown>> } {
  if (!metadata) return {};
  const { place: _place, rows: _rows, handler: _handler, ...more } = metadata;
  const names = Object.keys(more).filter((name) => more[name] !== undefined);
  if (names.length === 0) return {};
  return { metadata: Object.fromEntries(names.slice(0, most).map((name) => [name, short(more[name], 0)])) };
}

function short(value: unknown, depth: number): unknown {
  if (typeof value === "string") return value.length > longest ? `${value.slice(0, longest)}…` : value;
  if (typeof value !== "object" || value === null) return value;
  if (depth > 4) return "…";
  if (Array.isArray(value)) return value.slice(0, mostLines).map((each) => short(each, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, mostLines)
      .map(([name, each]) => [name, short(each, depth + 1)]),
  );
}
