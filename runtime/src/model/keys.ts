import { SluiceError } from "./errors.ts";

const part = /^[\p{L}\p{Nd}_.-]+$/u;

/** What is wrong with an asset key, in words; `undefined` when it is right. */
export function keyMistake(key: string): string | undefined {
  if (key === "") return "the key is empty";
  for (const text of key.split("/")) {
    if (text === "") return "a part between slashes is empty";
    if (text === "." || text === "..") return `a part may not be "${text}"`;
    if (text.endsWith(".")) return `the part "${text}" ends in a dot`;
    if (!part.test(text)) return `the part "${text}" has a character that is not a letter, a digit, "_", "-" or "."`;
  }
  return undefined;
}

/** Parts of an asset key. Throws `config/invalid` naming the rule that the key breaks. */
export function keyParts(key: string): readonly string[] {
  const mistake = keyMistake(key);
  if (mistake) {
    throw new SluiceError("config/invalid", `"${key}" is no asset key: ${mistake}.`, {
      asset: key,
      hint: 'A key is one or more parts joined by "/"; each part has letters, digits, "_", "-" and ".".',
    });
  }
  return key.split("/");
}
