import { SluiceError } from "../model/errors.ts";

/** The stored names of the columns asked for: an exact name first, else one that differs in case only. Throws `io/schema-mismatch`. */
export function existingColumns(key: string, stored: readonly string[], asked: readonly string[]): readonly string[] {
  return asked.map((name) => {
    const found = stored.find((known) => known === name) ?? stored.find((known) => known.toLowerCase() === name.toLowerCase());
    if (found !== undefined) return found;
    throw new SluiceError("io/schema-mismatch", `Asset "${key}" has no column "${name}".`, {
      asset: key,
      hint: `Its columns are ${stored.join(", ")}.`,
    });
  });
}
