import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";
import type { StoreHints } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import type { ColumnKind } from "./columns.ts";
import { kindText, parseColumnType } from "./columns.ts";

/** The `columns` option, parsed. Throws `config/invalid` for a type that rows cannot hold. */
export function columnOverrides(hints: StoreHints): ReadonlyMap<string, ColumnKind> {
  const overrides = new Map<string, ColumnKind>();
  for (const [name, text] of Object.entries(hints.columns ?? {})) {
    const kind = parseColumnType(text);
    if (kind === undefined) {
      throw new SluiceError("config/invalid", `Asset "${hints.key}" gives column "${name}" the type "${text}", which is not known.`, {
        asset: hints.key,
        hint: 'Types are written as in "decimal(18,2)", "date", "timestamptz", "bigint[]", "struct(x double)".',
      });
    }
    overrides.set(name, kind);
  }
  return overrides;
}

/**
 * Columns of a value that does not show its own, in the order of the stored table: types from the `columns` option, then from the stored
 * table, then from the validator's JSON Schema.
 */
export async function knownColumns(hints: StoreHints): Promise<ReadonlyMap<string, ColumnKind>> {
  const known = new Map<string, ColumnKind>();
  const stored = await hints.storedColumns?.();
  for (const { name, type } of stored ?? []) {
    const kind = parseColumnType(type);
    if (kind !== undefined) known.set(name, kind);
  }
  if (stored === undefined) for (const [name, kind] of schemaColumns(hints.rowSchema)) known.set(name, kind);
  for (const [name, kind] of columnOverrides(hints)) known.set(name, kind);
  return known;
}

/** The refusal of a value whose columns nobody knows; nothing is overwritten. */
export function unknownColumns(key: string, columns: readonly string[]): SluiceError {
  const message =
    columns.length === 0
      ? `Asset "${key}" returned no rows, and nothing says what its columns are.`
      : `Asset "${key}" returned nothing but nulls for ${columns.map((name) => `"${name}"`).join(", ")}, and nothing says what type ${columns.length === 1 ? "it has" : "they have"}.`;
  return new SluiceError("io/unknown-columns", message, {
    asset: key,
    hint: `Say so: columns: { ${columns.length === 0 ? 'id: "bigint", name: "varchar"' : columns.map(exampleType).join(", ")} }. What was stored before is untouched.`,
  });
}

/** An entry of `columns` for a column, or for the field of a struct or the items of a list in it. */
function exampleType(path: string): string {
  const name = path.split(/[.[]/)[0]!;
  return `${JSON.stringify(name)}: ${path === name ? '"varchar"' : path === `${name}[]` ? '"varchar[]"' : '"struct(...)"'}`;
}

type JsonSchema = Readonly<Record<string, unknown>>;

/** Columns from the JSON Schema of the validator's output, where it offers one. */
export function schemaColumns(validator: StandardSchemaV1 | undefined): ReadonlyMap<string, ColumnKind> {
  const json = (validator?.["~standard"] as Partial<StandardJSONSchemaV1.Props> | undefined)?.jsonSchema;
  if (json === undefined) return new Map();
  let schema: JsonSchema;
  try {
    schema = json.output({ target: "draft-2020-12" });
  } catch {
    // A validator may have no JSON form for its output (a transform, a Date); then it says nothing about columns.
    return new Map();
  }
  const kind = jsonKind(schema);
  return kind?.type === "struct" ? kind.fields : new Map();
}

function jsonKind(schema: unknown): ColumnKind | undefined {
  if (typeof schema !== "object" || schema === null) return undefined;
  const { type, properties, items, anyOf, oneOf } = schema as JsonSchema;
  const choices = (anyOf ?? oneOf) as readonly JsonSchema[] | undefined;
  if (Array.isArray(choices)) {
    const kinds = choices.filter((choice) => choice["type"] !== "null").map(jsonKind);
    return kinds.length > 0 && kinds.every((kind) => kind !== undefined && kindText(kind) === kindText(kinds[0]!)) ? kinds[0] : undefined;
  }
  const names = (Array.isArray(type) ? type : [type]).filter((name) => name !== "null");
  if (names.length !== 1) return undefined;
  switch (names[0]) {
    case "integer":
      return { type: "integer", bits: 64, signed: true };
    case "number":
      return { type: "float", bits: 64 };
    case "string":
      return { type: "text" };
    case "boolean":
      return { type: "boolean" };
    case "array": {
      const item = jsonKind(items);
      return item && { type: "list", item };
    }
    case "object": {
      const fields = new Map<string, ColumnKind>();
      for (const [name, property] of Object.entries((properties as JsonSchema | undefined) ?? {})) {
        const kind = jsonKind(property);
        if (kind !== undefined) fields.set(name, kind);
      }
      return fields.size > 0 ? { type: "struct", fields } : undefined;
    }
  }
  return undefined;
}
