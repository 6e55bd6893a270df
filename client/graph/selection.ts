const plain = /^[\p{L}_][\p{L}\p{N}_./-]*$/u;
const words = new Set(["and", "or", "not", "sinks", "roots"]);

const quoted = (key: string) => (plain.test(key) && !words.has(key.toLowerCase()) ? key : `"${key}"`);

/** The selection of exactly these assets, or of them with everything upstream. */
export const selectionOf = (keys: readonly string[], upstream = false): string =>
  keys.map((key) => `${upstream ? "+" : ""}${quoted(key)}`).join(" or ");

/** Every asset of the project. */
export const everything = "*";
