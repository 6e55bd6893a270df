// What users import from "sluice".
export { type AssetSpec, asset, type Dependency } from "./assets/asset.ts";
export { assets, type Output, output } from "./assets/assets.ts";
export { type AssetCheck, assetCheck, type CheckResult } from "./assets/check.ts";
export { type Config, defineConfig, type Target } from "./assets/config.ts";
export { type Context, type ContextPartitions, type Log, link, md, type Params, type ParamValue, table } from "./assets/context.ts";
export { type Env, env } from "./assets/env.ts";
export type { AnyAsset, AnyInput, Asset, Input, Inputs, Loaded, Take, WindowRange } from "./assets/inputs.ts";
export {
  type AnyKey,
  type DefaultIOManagerKey,
  type IOManagerKey,
  ioManagerKey,
  type Opened,
  type ResourceKey,
  type Resources,
  resourceKey,
} from "./assets/keys.ts";
export type { Mapping, Partition, PartitionKey, PartitionMap } from "./assets/mapping.ts";
export type { Mistake, Promisable } from "./assets/mistake.ts";
export {
  cronPartitions,
  type DynamicPartitions,
  dailyPartitions,
  dynamicPartitions,
  hourlyPartitions,
  type MultiPartitions,
  monthlyPartitions,
  multiPartitions,
  type PartitionPlace,
  type Partitions,
  type StaticPartitions,
  staticPartitions,
  type TimeOptions,
  type TimePartitions,
  type Unpartitioned,
  weeklyPartitions,
} from "./assets/partitions.ts";
export { type Resource, resource } from "./assets/resource.ts";
export { self, source } from "./assets/source.ts";
export type { ColumnType, Described, Metadata, Received, Retry, Storage } from "./assets/storage.ts";
export type { Cloneable, DefaultStorable, Register, RowOf, TableValue, TableValues } from "./assets/values.ts";
export { type ReadCsvOptions, type ReadJsonOptions, type ReadOptions, readCsv, readJson, readParquet } from "./duckdb/readers.ts";
export type { CheckEvaluated, CheckRun } from "./engine/check-run.ts";
export type { AnyFormat, Format, Sink, Source } from "./formats/format.ts";
export { pageOfStream } from "./formats/memory-tables.ts";
export { arrow } from "./handlers/arrow.ts";
export { batches } from "./handlers/batches.ts";
export { type RowOptions, rows } from "./handlers/rows.ts";
export { type SqlDialect, type SqlName, type SqlPart, type SqlTag, sql } from "./handlers/sql.ts";
export { type FilesystemOptions, filesystem } from "./io/filesystem.ts";
export { type InMemoryOptions, inMemory } from "./io/in-memory.ts";
export {
  type AnyHandler,
  type AnyIOManager,
  type ArrowBatch,
  type ArrowTable,
  type AssetAddress,
  type Batches,
  type EnvRef,
  type InputContext,
  type IOManager,
  inDialect,
  isKind,
  kind,
  type LoadHints,
  type OutputContext,
  type Reach,
  type Relation,
  type Rows,
  readSetting,
  type Setting,
  type SqlNode,
  type SqlQuery,
  type SqlValue,
  type StagedRead,
  type StoreHints,
  type TableStream,
  type TypeHandler,
  type types,
  type UpstreamRow,
  type ValidRows,
} from "./io/manager.ts";
export type { LocalFiles, ObjectInfo, ObjectStore, PutOptions, StoredObject } from "./io/objects/store.ts";
export { type ObjectOptions, objectIOManager } from "./io/objects.ts";
export { type TableContent, type TableFacts, type TableName, type TableRead, type TableStore, type TableWrite, tableIOManager } from "./io/tables.ts";
export { type ErrorCode, SluiceError } from "./model/errors.ts";
export type { LogLevel } from "./model/events.ts";
export type { Filter, FilterOperator, Page, PageRequest, Sort } from "./model/page.ts";
export { joinKey, type PartitionDimension, type PartitionSlice, type PartitionWindow, splitKey } from "./model/partition.ts";
export type { ColumnSchema, SchemaChange, StoredMetadata, StoredRecord, TableOptions, Write } from "./model/values.ts";
export {
  type CheckOptions,
  checkAssets,
  type LibraryOptions,
  type LoadOptions,
  load,
  type MaterializeOptions,
  materialize,
  type RunResult,
} from "./project/library.ts";
