import { kind } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import { checkProperties } from "./spec.ts";

/** The asset is stored as one value. */
export interface Unpartitioned {
  readonly [kind]: "unpartitioned";
}
/** Fits whatever time partitions the asset has. */
export interface SelfPartitions {
  readonly [kind]: "self";
}
export type Grain = "hour" | "day" | "week" | "month" | "cron";
export interface TimePartitions<G extends Grain = Grain, Zone extends string = string> extends PartitionPlace {
  readonly [kind]: "time";
  readonly grain: G;
  readonly timezone: Zone;
  /** First instant, ISO 8601; without an offset it is read in `timezone`. */
  readonly start: string;
  /** Exclusive; open when left out. */
  readonly end?: string;
  readonly cron?: string;
}
export interface StaticPartitions<Key extends string = string> extends PartitionPlace {
  readonly [kind]: "static";
  readonly keys: readonly Key[];
}
export interface DynamicPartitions<Name extends string = string> extends PartitionPlace {
  readonly [kind]: "dynamic";
  readonly name: Name;
}
export interface MultiPartitions<Dimensions extends DimensionMap = DimensionMap> {
  readonly [kind]: "multi";
  readonly dimensions: Dimensions;
}
export type Dimension = TimePartitions | StaticPartitions | DynamicPartitions;
export type DimensionMap = Readonly<Record<string, Dimension>>;
export type Partitions = Dimension | MultiPartitions;
export type MaybePartitions = Partitions | Unpartitioned;

/** Where a partition lies in a table: a column, or a trusted SQL expression. */
export interface PartitionPlace {
  readonly column?: string;
  readonly partitionExpr?: string;
}
export interface TimeOptions<Zone extends string> extends PartitionPlace {
  /** ISO 8601 date or instant of the first partition. */
  readonly start: string;
  /** Exclusive; open when left out. */
  readonly end?: string;
  /** IANA name; default "UTC". */
  readonly timezone?: Zone;
}

const wrong = (message: string, hint?: string) => new SluiceError("config/invalid", message, { hint });

function checkInstant(text: unknown, what: string): void {
  if (typeof text !== "string" || !/^\d{4}-\d{2}/.test(text) || Number.isNaN(Date.parse(text))) {
    throw wrong(`${what} of the partitions is ${JSON.stringify(text)}, which is no date.`, 'Write an ISO 8601 date such as "2026-01-01".');
  }
}
function checkZone(zone: string): void {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
  } catch (cause) {
    throw new SluiceError("config/invalid", `The partitions' timezone "${zone}" is unknown.`, {
      hint: 'Use an IANA name such as "Europe/Berlin".',
      cause,
    });
  }
}

function timePartitions<G extends Grain, Zone extends string>(
  grain: G,
  options: TimeOptions<Zone> & { readonly cron?: string },
): TimePartitions<G, Zone> {
  const name = { hour: "hourly", day: "daily", week: "weekly", month: "monthly", cron: "cron" }[grain] + "Partitions()";
  checkProperties(name, options, ["start", "end", "timezone", "column", "partitionExpr", ...(grain === "cron" ? ["cron"] : [])]);
  checkInstant(options.start, "start");
  if (options.end !== undefined) checkInstant(options.end, "end");
  if (grain === "cron" && (typeof options.cron !== "string" || options.cron.trim().split(/\s+/).length !== 5)) {
    throw wrong(`cronPartitions() was given the cron expression ${JSON.stringify(options.cron)}.`, 'Write five fields, such as "0 6 * * 1-5".');
  }
  const timezone = options.timezone ?? ("UTC" as Zone);
  checkZone(timezone);
  return { ...options, [kind]: "time", grain, timezone };
}

/** One partition per hour from `start`. */
export const hourlyPartitions = <const Zone extends string = "UTC">(options: TimeOptions<Zone>): TimePartitions<"hour", Zone> =>
  timePartitions("hour", options);
/** One partition per day from `start`. */
export const dailyPartitions = <const Zone extends string = "UTC">(options: TimeOptions<Zone>): TimePartitions<"day", Zone> =>
  timePartitions("day", options);
/** One partition per week from `start`. */
export const weeklyPartitions = <const Zone extends string = "UTC">(options: TimeOptions<Zone>): TimePartitions<"week", Zone> =>
  timePartitions("week", options);
/** One partition per month from `start`. */
export const monthlyPartitions = <const Zone extends string = "UTC">(options: TimeOptions<Zone>): TimePartitions<"month", Zone> =>
  timePartitions("month", options);
/** One partition per tick of a cron expression, from `start`. */
export const cronPartitions = <const Zone extends string = "UTC">(
  options: TimeOptions<Zone> & { readonly cron: string },
): TimePartitions<"cron", Zone> => timePartitions("cron", options);

/** Partitions that are known when the project loads. Throws `config/invalid` for none, an empty or a repeated key. */
export function staticPartitions<const Key extends string>(keys: readonly Key[], place: PartitionPlace = {}): StaticPartitions<Key> {
  checkProperties("staticPartitions()", place, ["column", "partitionExpr"]);
  if (!Array.isArray(keys) || keys.length === 0) throw wrong("staticPartitions() was given no keys.");
  const seen = new Set<string>();
  for (const key of keys) {
    if (typeof key !== "string" || key === "") throw wrong(`staticPartitions() was given the key ${JSON.stringify(key)}; a key is a text.`);
    if (seen.has(key)) throw wrong(`staticPartitions() was given the key "${key}" twice.`);
    seen.add(key);
  }
  return { ...place, [kind]: "static", keys: [...keys] };
}

/** Partitions whose keys are added while the project lives; they lie in the store. */
export function dynamicPartitions<const Name extends string>(name: Name, place: PartitionPlace = {}): DynamicPartitions<Name> {
  checkProperties("dynamicPartitions()", place, ["column", "partitionExpr"]);
  if (typeof name !== "string" || name === "") throw wrong("dynamicPartitions() needs a name.");
  return { ...place, [kind]: "dynamic", name };
}

/** Every combination of several dimensions: `multiPartitions({ date: days, region: regions })`. */
export function multiPartitions<const Dimensions extends DimensionMap>(dimensions: Dimensions): MultiPartitions<Dimensions> {
  const names = Object.keys(dimensions ?? {});
  if (names.length === 0) throw wrong("multiPartitions() was given no dimensions.");
  for (const name of names) {
    const dimension: unknown = dimensions[name];
    if (!isDimension(dimension)) throw wrong(`Dimension "${name}" of multiPartitions() is not a partitions definition.`);
  }
  return { [kind]: "multi", dimensions };
}

const kindOf = (value: unknown): unknown => (typeof value === "object" && value !== null ? (value as { [kind]?: unknown })[kind] : undefined);
const isDimension = (value: unknown): value is Dimension => ["time", "static", "dynamic"].includes(kindOf(value) as string);
/** True for what the constructors above return. */
export const isPartitions = (value: unknown): value is Partitions => isDimension(value) || kindOf(value) === "multi";
