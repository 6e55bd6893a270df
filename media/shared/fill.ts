/** Puts values into a translated text: `fill("rows {0} of {1}", 1, 10)`. */
export const fill = (text: string, ...values: readonly (string | number)[]): string =>
  text.replace(/\{(\d+)\}/g, (whole, index: string) => String(values[Number(index)] ?? whole));
