import { createHash } from "node:crypto";
import { keyParts } from "../../model/keys.ts";
import { joinKey } from "../../model/partition.ts";

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
  return shortened(name, part);
}

/** A name that fits into one, told from others with the same beginning by a hash of what it stands for. */
function shortened(name: string, meant: string): string {
  if (Buffer.byteLength(name) <= longest) return name;
  let cut = "";
  for (const character of name) {
    if (Buffer.byteLength(cut + character) > longest) break;
    cut += character;
  }
  return `${cut}%${createHash("sha256").update(meant).digest("hex").slice(0, 16)}`;
}

/** A folder's name; a dot gets a mark behind it, so that the asset `a.parquet/b` does not need a folder where `a` has its file. */
const folder = (part: string): string => (part.includes(".") ? `${pathPart(part)}@` : pathPart(part));

export interface ObjectPaths {
  /** What people see, without the dot and the extension. */
  readonly shown: string;
  /** Folder with the record and the data it names. */
  readonly slot: string;
  /** Folder with the leases of those who read all partitions of the asset. */
  readonly readers: string;
}

/** Folder, at the root of every object store of ours, with the records and the data they name. */
export const valuesFolder = ".values";

/** Paths of an asset, with "/" between parts. Throws `config/invalid` for what is no asset key. */
export function objectPaths(key: string, prefix = ""): ObjectPaths {
  const parts = keyParts(key);
  const folders = parts.slice(0, -1).map(folder);
  const last = pathPart(parts.at(-1) as string);
  const slot = prefix + [valuesFolder, ...folders, `${last}@`].join("/");
  return { shown: prefix + [...folders, last].join("/"), slot, readers: `${slot}/@readers` };
}

/** Every character but those that no file system forbids and that have no second case: names of two texts are never taken for one. */
const strict = (text: string): string => text.replace(/[^a-z0-9_.-]|\.$/gu, escaped);
/** Every character but letters, digits and those that all file systems take, for people and for tools that know Hive's folders. */
const readable = (text: string): string => text.replace(/[^\p{L}\p{M}\p{Nd}_.+@,() -]|[. ]$/gu, escaped);
/** A partition's key along one dimension. */
export interface PartitionPlace {
  readonly name: string;
  readonly key: string;
}
const segments = (dimensions: readonly PartitionPlace[], encode: (text: string) => string): string =>
  dimensions.map(({ name, key }) => shortened(`${encode(name)}=${encode(key)}`, JSON.stringify([name, key]))).join("/");

/** Folder with the partitions that people see. */
export const partitionFolder = (key: string, prefix = ""): string => prefix + keyParts(key).map(folder).join("/");

/** Paths of one partition: `sales/partition=2026-01-01`, `sales/date=2026-01-01/region=EU`. "=" is in no key part, so no asset lies there. */
export const partitionPaths = (key: string, dimensions: readonly PartitionPlace[], prefix = ""): ObjectPaths => {
  const { slot, readers } = objectPaths(key, prefix);
  return { shown: `${partitionFolder(key, prefix)}/${segments(dimensions, readable)}`, slot: `${slot}/${segments(dimensions, strict)}`, readers };
};

/** What a path below an asset's folder is about, where nothing but the path says so; `undefined` for other paths. */
export function placesAt(path: string): readonly PartitionPlace[] | undefined {
  const places: PartitionPlace[] = [];
  for (const segment of path.split("/")) {
    const at = segment.indexOf("=");
    if (at < 0 || /%[0-9a-f]{16}$/.test(segment)) return undefined;
    try {
      places.push({ name: decodeURIComponent(segment.slice(0, at)), key: decodeURIComponent(segment.slice(at + 1)) });
    } catch {
      return undefined; // a name that something else made
    }
  }
  return places;
}

/** The key of a partition: the key itself, or all of them by name. */
export const keyOf = (places: readonly PartitionPlace[]): string =>
  places.length === 1 ? (places[0] as PartitionPlace).key : joinKey(Object.fromEntries(places.map(({ name, key }) => [name, key])));

/** As a file system that ignores case and composes accents compares names: equal for two names that might be one file anywhere. */
export const foldedName = (path: string): string => path.normalize("NFC").toUpperCase().toLowerCase().normalize("NFC");
