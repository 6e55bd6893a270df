import { SluiceError } from "../model/errors.ts";

const refuseNul = (text: string): void => {
  if (text.includes("\0")) throw new SluiceError("io/unsupported-value", `${JSON.stringify(text)} holds a NUL character, which DuckDB's SQL cannot.`);
};

/** An identifier, quoted whatever it holds. Throws `io/unsupported-value` for a NUL character and for an empty name. */
export function quoteName(name: string): string {
  refuseNul(name);
  if (name === "") throw new SluiceError("io/unsupported-value", "A table or column has an empty name, which DuckDB cannot store.");
  return `"${name.replaceAll('"', '""')}"`;
}

/** A qualified name, each part quoted. */
export const quoteNames = (parts: readonly string[]): string => parts.map(quoteName).join(".");

/** A string as a literal, for the places of a statement that take no parameter. Throws `io/unsupported-value` for a NUL character. */
export function quoteText(text: string): string {
  refuseNul(text);
  return `'${text.replaceAll("'", "''")}'`;
}
