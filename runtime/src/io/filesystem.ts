import { resolve } from "node:path";
import type { Cloneable, TableValue } from "../assets/values.ts";
import type { AnyFormat } from "../formats/format.ts";
import { builtInHandlers } from "../handlers/built-in.ts";
import type { AnyHandler, IOManager, Setting } from "./manager.ts";
import { readSetting } from "./manager.ts";
import { localStore } from "./objects/local-store.ts";
import { objectIOManager } from "./objects.ts";

export interface FilesystemOptions {
  /** Folder that values lie in, relative to the project; ".sluice/storage" when left out. */
  readonly baseDir?: Setting<string>;
  /** Shapes of tables it takes beside rows, arrow, batches, polars, polarsLazy and sql. */
  readonly handlers?: readonly AnyHandler[];
  /** Formats of other values, tried before JSON and structured clone. */
  readonly formats?: readonly AnyFormat[];
}

/**
 * Stores assets as files in a folder: tables as Parquet (`sales_summary.parquet`), other values as JSON, structured clone or bytes.
 * Writes are atomic; the folder may be read by any other tool at any time.
 * @example filesystem({ baseDir: env("DATA_FOLDER") })
 */
export function filesystem(options: FilesystemOptions = {}): IOManager<TableValue | Cloneable> {
  const { baseDir = ".sluice/storage", handlers = [], formats = [] } = options;
  let base: string | undefined;
  const folder = (): string => {
    base ??= resolve(readSetting(baseDir));
    return base;
  };
  return objectIOManager(localStore(folder, { baseDir }), { handlers: [...handlers, ...builtInHandlers], formats });
}
