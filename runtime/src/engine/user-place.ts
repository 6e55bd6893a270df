import path from "node:path";
import { fileURLToPath } from "node:url";
import type { SourcePlace } from "../model/errors.ts";

/** The place that one line of a (source-mapped) stack names; `undefined` for lines that name no file. */
export function stackLinePlace(line: string): SourcePlace | undefined {
  const found = /(?:^|\(|\s)((?:file:\/\/|\/|[A-Za-z]:[\\/])[^()]*?)(?:\?[^:()]*)?:(\d+):(\d+)\)?\s*$/.exec(line);
  if (!found) return undefined;
  const [, name = "", row, column] = found;
  return { file: name.startsWith("file:") ? fileURLToPath(name) : name, line: Number(row), column: Number(column) };
}

/** True for a file that the project's people wrote: below its folder, outside `node_modules` and `.sluice`. */
export const isUserFile = (file: string, root: string): boolean =>
  file.startsWith(root.endsWith(path.sep) ? root : root + path.sep) && !/[\\/](?:node_modules|\.sluice)[\\/]/.test(file.slice(root.length));

/** Where the user's code threw: the innermost line of the stack that lies in the project. */
export function userPlace(thrown: unknown, root: string): SourcePlace | undefined {
  const stack = typeof thrown === "object" && thrown !== null ? (thrown as { stack?: unknown }).stack : undefined;
  if (typeof stack !== "string") return undefined;
  for (const line of stack.split("\n")) {
    if (!/^\s*at /.test(line)) continue;
    const place = stackLinePlace(line);
    if (place && isUserFile(place.file, root)) return place;
  }
  return undefined;
}
