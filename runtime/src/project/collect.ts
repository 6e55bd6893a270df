import path from "node:path";
import type { AssetDefinition } from "../assets/definition.ts";
import { stackLinePlace } from "../engine/user-place.ts";
import { isKind } from "../io/manager.ts";
import type { ErrorInfo, SourcePlace } from "../model/errors.ts";
import type { FileFacts } from "./facts.ts";

/** An asset and the export it was found under. */
export interface AssetSite {
  readonly asset: AssetDefinition;
  readonly file: string;
  readonly exported: string;
  readonly place: SourcePlace;
}

const isAsset = (value: unknown): value is AssetDefinition => isKind(value, "asset") && typeof (value as { key?: unknown }).key === "string";

/** Assets in an exported value: itself, or members of an array or a plain object, at any depth. */
function assetsIn(value: unknown, seen: Set<unknown>): readonly AssetDefinition[] {
  if (isAsset(value)) return [value];
  if (typeof value !== "object" || value === null || seen.has(value)) return [];
  const prototype = Object.getPrototypeOf(value) as unknown;
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return [];
  seen.add(value);
  return Object.values(value).flatMap((each) => assetsIn(each, seen));
}

/** True for an asset, an input made of one, and a collection of nothing but these. */
export function isMadeOfAssets(value: unknown): boolean {
  if (isKind(value, "asset") || isKind(value, "input")) return true;
  if (typeof value !== "object" || value === null) return false;
  const members = Object.values(value);
  return members.length > 0 && members.every((each) => isKind(each, "asset") || isKind(each, "input"));
}

/** Every asset that a module exports, in the order of the file. */
export function collectAssets(exports: object, file: string, facts: FileFacts | undefined): readonly AssetSite[] {
  const found = Object.entries(exports).flatMap(([exported, value]) =>
    assetsIn(value, new Set()).map((asset) => ({ asset, file, exported, place: placeOf(asset, value === asset, file, exported, facts) })),
  );
  const seen = new Set<AssetDefinition>();
  return found
    .filter(({ asset }) => !seen.has(asset) && seen.add(asset))
    .sort((one, other) => (one.place.file === other.place.file ? one.place.line - other.place.line : 0));
}

/** The exported declaration, which for an asset that a factory made says more than the line inside the factory. */
function placeOf(asset: AssetDefinition, direct: boolean, file: string, exported: string, facts: FileFacts | undefined): SourcePlace {
  const local = facts?.exports.find((each) => each.exported === exported && each.from === undefined)?.local ?? exported;
  const declared = facts?.places[local];
  const called = asset.definedAt === undefined ? undefined : stackLinePlace(asset.definedAt);
  if (called && (!direct || !declared)) return called;
  return { file, ...(declared ?? { line: 1, column: 1 }) };
}

/** The assets by key, the first of each key, with an error at every place of a key that is defined twice. */
export function uniqueAssets(sites: readonly AssetSite[], root: string) {
  const byKey = new Map<string, AssetSite[]>();
  const seen = new Set<AssetDefinition>();
  for (const site of sites) {
    if (seen.has(site.asset)) continue;
    seen.add(site.asset);
    byKey.set(site.asset.key, [...(byKey.get(site.asset.key) ?? []), site]);
  }
  const errors: ErrorInfo[] = [];
  for (const [key, same] of byKey) {
    if (same.length < 2) continue;
    const where = same.map(({ place }) => `${path.relative(root, place.file)}:${place.line}`);
    for (const { place } of same) {
      const others = where.filter((each) => each !== `${path.relative(root, place.file)}:${place.line}`);
      const message = `The key "${key}" is defined more than once${others.length > 0 ? `, also in ${others.join(" and ")}` : ""}.`;
      errors.push({ code: "graph/duplicate-key", message, hint: "Give one of them another key.", asset: key, place });
    }
  }
  return { sites: new Map(Array.from(byKey, ([key, [first]]) => [key, first!] as const)), errors };
}
