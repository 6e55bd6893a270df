import type { PartitionsDefinition } from "../assets/definition.ts";
import { splitKey } from "../model/partition.ts";
import { dimensionsOf, isDynamic, onlyDimension } from "../partitions/space.ts";

/** The keys of dynamic definitions that these partitions use, by the definition's name: in a test, naming one is enough. */
export function dynamicKeys(definition: PartitionsDefinition, named: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const found: Record<string, string[]> = {};
  for (const [name, dimension] of dimensionsOf(definition)) {
    if (!isDynamic(dimension)) continue;
    const keys = named.flatMap((each) => (name === onlyDimension ? each : (splitKey(each)?.[name] ?? [])));
    found[dimension.name] = [...new Set([...(found[dimension.name] ?? []), ...keys])];
  }
  return found;
}
