import { createHash } from "node:crypto";
import { keyParts } from "../../model/keys.ts";

/*
 * Where an asset lies in an object store. Key parts hold letters, digits, "_", "-" and "." only (`model/keys.ts`), so "%" and "@" are
 * free to mark what a file system forbids: no two keys give one path.
 */

/** Longest name of one file or folder, in bytes of UTF-8, before extension and marks: file systems stop at 255. */
const longest = 180;
/** Names that Windows keeps for devices, with any extension. */
const device = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;

const escaped = (character: string): string =>
  [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");

/** A key part as the name of a file or folder: itself, but for names that hide, that devices have, or that are too long. */
export function pathPart(part: string): string {
  const name = part.startsWith(".") || device.test(part) ? escaped(part[0] as string) + part.slice(1) : part;
  if (Buffer.byteLength(name) <= longest) return name;
  let cut = "";
  for (const character of name) {
    if (Buffer.byteLength(cut + character) > longest) break;
    cut += character;
  }
  return `${cut}%${createHash("sha256").update(part).digest("hex").slice(0, 16)}`;
}

/** A folder's name; a dot gets a mark behind it, so that the asset `a.parquet/b` does not need a folder where `a` has its file. */
const folder = (part: string): string => (part.includes(".") ? `${pathPart(part)}@` : pathPart(part));

export interface ObjectPaths {
  /** What people see, without the dot and the extension. */
  readonly shown: string;
  /** Folder with the record and the data it names. */
  readonly slot: string;
}

/** Folder, at the root of every object store of ours, with the records and the data they name. */
export const valuesFolder = ".values";

/** Paths of an asset, with "/" between parts. Throws `config/invalid` for what is no asset key. */
export function objectPaths(key: string, prefix = ""): ObjectPaths {
  const parts = keyParts(key);
  const folders = parts.slice(0, -1).map(folder);
  const last = pathPart(parts.at(-1) as string);
  return { shown: prefix + [...folders, last].join("/"), slot: prefix + [valuesFolder, ...folders, `${last}@`].join("/") };
}

/** As a file system that ignores case and composes accents compares names: equal for two names that might be one file anywhere. */
export const foldedName = (path: string): string => path.normalize("NFC").toUpperCase().toLowerCase().normalize("NFC");
