import { SluiceError } from "./errors.ts";

/** What is used of a Standard Schema validator. */
interface RowValidator {
  readonly "~standard": { readonly validate: (value: unknown) => Answer | Promise<Answer> };
}
interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}
type Answer = { readonly value: unknown; readonly issues?: undefined } | { readonly issues: readonly Issue[] };

/** Each row as the validator gives it back. Throws `run/invalid-row` for the first row it refuses, naming row and field. */
export async function validateRows<Row>(validator: RowValidator, rows: readonly Row[], asset: string): Promise<readonly Row[]> {
  const valid = new Array<Row>(rows.length);
  for (let index = 0; index < rows.length; index++) {
    const answer = validator["~standard"].validate(rows[index]);
    // Awaiting every answer would cost a turn of the event loop per row; few validators are asynchronous.
    const result = "then" in answer ? await answer : answer;
    if (result.issues) throw invalidRow(asset, index, result.issues);
    valid[index] = result.value as Row;
  }
  return valid;
}

function invalidRow(asset: string, index: number, issues: readonly Issue[]): SluiceError {
  const [first] = issues;
  const path = (first?.path ?? []).map((step) => String(typeof step === "object" ? step.key : step)).join(".");
  const where = path === "" ? `Row ${index + 1}` : `Field "${path}" of row ${index + 1}`;
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
  return new SluiceError("run/invalid-row", `${where} of asset "${asset}" is refused by its schema: ${first?.message ?? "no reason given"}${more}.`, {
    asset,
    hint: "Rows count from 1.",
  });
}
