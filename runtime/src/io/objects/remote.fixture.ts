import { readFile } from "node:fs/promises";
import { SluiceError } from "../../model/errors.ts";
import type { ObjectStore } from "./store.ts";

/** A store like a bucket: no local paths, versions that `put` compares. For tests of what objects need of a store that is no folder. */
export function remoteStore(
  objects = new Map<string, { readonly bytes: Uint8Array; readonly version: string; readonly modified: number }>(),
  now = Date.now,
): ObjectStore {
  let versions = 0;
  const put: ObjectStore["put"] = async (path, bytes, options) => {
    options?.signal?.throwIfAborted();
    const found = objects.get(path);
    if (options?.ifVersion !== undefined && options.ifVersion !== (found?.version ?? null))
      throw new SluiceError("io/conflict", `${path} has changed.`);
    versions += 1;
    objects.set(path, { bytes: Uint8Array.from(bytes), version: String(versions), modified: now() });
  };
  return {
    name: "bucket",
    reach: "network",
    uri: (path) => `bucket://test/${path}`,
    folded: (path) => `bucket://test/${path}`,
    get: async (path) => objects.get(path),
    getRange: async (path, start, length) => objects.get(path)?.bytes.subarray(start, start + length),
    put,
    putStream: async (path, chunks, options) => {
      const parts: Uint8Array[] = [];
      for await (const chunk of chunks) parts.push(Uint8Array.from(chunk));
      const bytes = Buffer.concat(parts);
      await put(path, bytes, options);
      return bytes.byteLength;
    },
    putFile: async (path, file, options) => {
      const bytes = await readFile(file);
      await put(path, bytes, options);
      return bytes.byteLength;
    },
    list: async (folder) =>
      [...objects]
        .filter(([path]) => path.startsWith(`${folder}/`) && !path.slice(folder.length + 1).includes("/"))
        .map(([path, { bytes, modified }]) => ({ path, size: bytes.byteLength, modified })),
    below: async (folder) => [...objects.keys()].filter((path) => path.startsWith(`${folder}/`)),
    delete: async (path) => {
      objects.delete(path);
    },
    stat: async (path) => {
      const found = objects.get(path);
      return found && { path, size: found.bytes.byteLength, modified: found.modified };
    },
  };
}
