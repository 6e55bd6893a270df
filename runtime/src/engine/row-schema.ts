import type { AssetDefinition } from "../assets/definition.ts";
import { describe } from "../assets/spec.ts";
import { SluiceError } from "../model/errors.ts";
import { validateRows } from "../model/validate-rows.ts";

/**
 * The rows as the asset's validator gives them back, for whatever I/O manager stores them. Throws `run/invalid-row`, and `io/unsupported-value`
 * for a value that is no array of rows: a check that is not made must not look like one that passed.
 */
export async function validRows({ key, rowSchema }: AssetDefinition, value: unknown): Promise<unknown> {
  if (rowSchema === undefined) return value;
  if (Array.isArray(value)) return validateRows(rowSchema, value, key);
  throw new SluiceError("io/unsupported-value", `${key} has a rowSchema, which checks an array of rows, and returned ${describe(value)}.`, {
    asset: key,
    hint: "Return rows; or leave out rowSchema, give types with columns, and check what is stored with assetCheck().",
  });
}
