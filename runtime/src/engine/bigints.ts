const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
};

/**
 * The columns of rows that hold a bigint anywhere, sorted: "id", "ids[]" for the items of a list, "place.x" for the member of a struct. None
 * for other values. A stored integer does not say whether JavaScript had it as a number or as a bigint, so the record does.
 */
export function bigintColumns(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [];
  const found = new Set<string>();
  const look = (item: unknown, path: string): void => {
    if (typeof item === "bigint") found.add(path);
    else if (typeof item !== "object" || item === null) return;
    else if (Array.isArray(item)) for (const inner of item) look(inner, `${path}[]`);
    else if (isPlain(item)) for (const [name, inner] of Object.entries(item)) look(inner, `${path}.${name}`);
  };
  for (const row of value as readonly unknown[]) {
    if (typeof row !== "object" || row === null) return [];
    for (const name in row) look((row as Readonly<Record<string, unknown>>)[name], name);
  }
  return [...found].sort();
}
