/** The half-open span of time that a time partition covers. */
export interface PartitionWindow {
  /** First instant, ISO 8601 in UTC: "2026-01-01T00:00:00Z". */
  readonly start: string;
  /** First instant after it, ISO 8601 in UTC. */
  readonly end: string;
  /**
   * For columns without a zone, which are read in `timezone`: "2026-01-01 00:00:00". Over all partitions these divide naive time without
   * gap or overlap, so that where clocks are put back the second of two hours with one name is empty.
   */
  readonly startLocal: string;
  /** Exclusive, like `end`. */
  readonly endLocal: string;
  /** IANA name. */
  readonly timezone: string;
}

/** Where a partition lies along one dimension. */
export interface PartitionDimension {
  /** The dimension's name; "partition" for an asset with one unnamed dimension. */
  readonly name: string;
  /** Key along this dimension. A row belongs to it when it lies in `window`, or, without one, when its column equals this. */
  readonly key: string;
  readonly column?: string;
  /** Trusted SQL, instead of `column`. */
  readonly partitionExpr?: string;
  readonly window?: PartitionWindow;
}

/** One partition of one asset, as I/O managers see it: plain data. */
export interface PartitionSlice {
  /** Canonical: the key itself, or, of several dimensions, what `joinKey` makes of them. */
  readonly key: string;
  /** In the order of their names. */
  readonly dimensions: readonly PartitionDimension[];
}

const escaped = (text: string): string => text.replace(/[%|=]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
const plain = (text: string): string => text.replace(/%(25|7C|3D)/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));

/** The key of a partition of several dimensions: `date=2026-01-01|region=eu`, by name, with "%", "|" and "=" escaped, so that no two meet. */
export function joinKey(keys: Readonly<Record<string, string>>): string {
  return Object.keys(keys)
    .sort()
    .map((name) => `${escaped(name)}=${escaped(keys[name]!)}`)
    .join("|");
}

/** The way back, in any order of the dimensions; `undefined` for a text that is no such key. */
export function splitKey(text: string): Readonly<Record<string, string>> | undefined {
  const keys: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const part of text.split("|")) {
    const [name, key, more] = part.split("=");
    if (name === undefined || key === undefined || more !== undefined || Object.hasOwn(keys, plain(name))) return undefined;
    keys[plain(name)] = plain(key);
  }
  return keys;
}
