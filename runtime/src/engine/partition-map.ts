import { SluiceError } from "../model/errors.ts";
import { nearestName } from "../model/nearest.ts";

/** Most partitions loaded at once, when nothing says otherwise. */
const defaultConcurrency = 4;

/** Several partitions of one asset as `run` sees them: `PartitionMap`. */
export interface LoadedPartitions<Value> extends AsyncIterable<readonly [key: string, value: Value]> {
  readonly keys: readonly string[];
  readonly size: number;
  readonly has: (key: string) => boolean;
  readonly get: (key: string) => Promise<Value>;
  readonly load: (options?: { readonly concurrency?: number }) => Promise<ReadonlyMap<string, Value>>;
}

/** Keys at once, values on demand: each `get` loads, nothing is kept. `asset` is for messages. */
export function partitionMap<Value>(asset: string, keys: readonly string[], load: (key: string) => Promise<Value>): LoadedPartitions<Value> {
  const known = new Set(keys);
  async function get(key: string): Promise<Value> {
    if (known.has(key)) return load(key);
    const near = nearestName(key, keys);
    throw new SluiceError("partition/unknown", `The partition "${key}" of ${asset} is not among those that this input gives.`, {
      hint: near === undefined ? `It gives ${keys.length}: see .keys.` : `Did you mean "${near}"?`,
    });
  }
  return {
    keys,
    size: keys.length,
    has: (key) => known.has(key),
    get,
    load: async ({ concurrency = defaultConcurrency } = {}) => {
      if (!(Number.isInteger(concurrency) && concurrency > 0)) {
        throw new SluiceError("config/invalid", `load() was given the concurrency ${concurrency}.`, { hint: "It is a whole number from 1 on." });
      }
      const found = new Map<string, Value>();
      let next = 0;
      let failed = false;
      const worker = async () => {
        while (next < keys.length && !failed) {
          const key = keys[next++]!;
          try {
            found.set(key, await load(key));
          } catch (thrown) {
            failed = true;
            throw thrown;
          }
        }
      };
      await Promise.all(Array.from({ length: Math.min(concurrency, keys.length) }, worker));
      return new Map(keys.map((key) => [key, found.get(key)!]));
    },
    async *[Symbol.asyncIterator]() {
      // The next ones load while one is being looked at.
      const ahead: Promise<Value>[] = [];
      for (const [index, key] of keys.entries()) {
        while (ahead.length < defaultConcurrency && index + ahead.length < keys.length) {
          const loading = load(keys[index + ahead.length]!);
          loading.catch(() => {});
          ahead.push(loading);
        }
        yield [key, await ahead.shift()!] as const;
      }
    },
  };
}
