import type { RowTypeFact } from "../index/facts.ts";
import type { Node } from "../index/node.ts";
import type { Workspace } from "../index/workspace.ts";
import type { Statuses } from "../statuses.ts";

export interface StoredColumn {
  readonly name: string;
  /** In the store's words: "BIGINT". */
  readonly type: string;
}

/** A state tells no more columns than this: with so many there may be others. */
const most = 50;

/** Columns of what is stored for an asset, as its last materialization on this machine recorded them; `undefined` where they are not known. */
export function storedColumns(statuses: Statuses, { scope, key }: Node): readonly StoredColumn[] | undefined {
  const found = key === undefined ? undefined : statuses.get(scope, key)?.metadata?.["columns"];
  if (!Array.isArray(found) || found.length === 0 || found.length >= most) return undefined;
  const columns = found as readonly Partial<StoredColumn>[];
  return columns.every(({ name, type }) => typeof name === "string" && typeof type === "string") ? (columns as readonly StoredColumn[]) : undefined;
}

/** The row's type that an asset names, and the file that it stands in. */
export function namedRowType(workspace: Workspace, node: Node): { readonly path: string; readonly fact: RowTypeFact } | undefined {
  const { path, index } = node.bound.rowType ?? {};
  const fact = path === undefined ? undefined : workspace.facts(path)?.rowTypes[index!];
  return fact && { path: path!, fact };
}

/**
 * What a value of a column is in a row: the first is what `rows()` gives when it is asked for nothing else. `undefined` for nested and
 * other types, which are compared with nothing.
 */
export function rowTypesOf(type: string): readonly string[] | undefined {
  const plain = type.toUpperCase().replace(/\(.*$/, "").trim();
  if (type.includes("[") || /^(STRUCT|MAP|UNION|LIST)/.test(plain)) return undefined;
  if (/^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|U?INT\d*)$/.test(plain)) return ["number", "bigint"];
  if (/^(FLOAT|DOUBLE|REAL)$/.test(plain)) return ["number"];
  if (plain === "DECIMAL") return ["string", "number"];
  if (/^(VARCHAR|TEXT|UUID|ENUM|TIME|DATE|INTERVAL)$/.test(plain)) return ["string"];
  if (plain === "BOOLEAN") return ["boolean"];
  if (/^TIMESTAMP/.test(plain)) return ["Date", "string"];
  if (plain === "BLOB") return ["Uint8Array"];
  return undefined;
}

/** A column as a member of a type. A table does not say which of its columns are never null. */
export const memberText = ({ name, type }: StoredColumn): string =>
  `readonly ${/^[\p{L}_$][\p{L}\p{Nd}_$]*$/u.test(name) ? name : JSON.stringify(name)}: ${rowTypesOf(type)?.[0] ?? "unknown"} | null;`;

export type Difference =
  | { readonly kind: "missing" | "type"; readonly member: string; readonly column?: StoredColumn; readonly text: string }
  | { readonly kind: "extra"; readonly column: StoredColumn; readonly text: string };

/** How a row's type and a stored table differ, in words. A column that the type leaves out is a difference as well: a row has it. */
export function differences({ members }: RowTypeFact, columns: readonly StoredColumn[]): readonly Difference[] {
  const byName = new Map(columns.map((column) => [column.name, column]));
  const found: Difference[] = [];
  for (const { name, types, optional } of members) {
    const column = byName.get(name);
    byName.delete(name);
    if (!column) {
      if (!optional && !types.includes("undefined")) found.push({ kind: "missing", member: name, text: `the table has no column "${name}"` });
      continue;
    }
    const allowed = rowTypesOf(column.type);
    const own = types.filter((type) => type !== "null" && type !== "undefined");
    if (!allowed || own.includes("?") || own.length === 0 || own.some((type) => allowed.includes(type))) continue;
    found.push({ kind: "type", member: name, column, text: `"${name}" is ${own.join(" | ")}, and the table's is ${column.type}` });
  }
  for (const column of byName.values()) found.push({ kind: "extra", column, text: `the table also has "${column.name}" (${column.type})` });
  return found;
}
