import { type AssetFact, defaultExport } from "./facts.ts";

const local = ({ path, key }: AssetFact): string => {
  if (path) return path.map((part) => (part === defaultExport ? "default" : part)).join(".");
  return key === undefined ? "?" : JSON.stringify(key);
};

/** Ids of a file's assets: stable while a declaration keeps its file and its name, or its key where no variable holds it. */
export function idsOf(uri: string, assets: readonly AssetFact[]): string[] {
  const seen = new Map<string, number>();
  return assets.map((asset) => {
    const name = local(asset);
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    // Joined, not written as one template: that would keep the pieces beside the whole.
    return [uri, "#", name, ...(count === 1 ? [] : ["~", String(count)])].join("");
  });
}
