import { arrow } from "../handlers/arrow.ts";
import { batches } from "../handlers/batches.ts";
import { rows } from "../handlers/rows.ts";
import { sql } from "../handlers/sql.ts";
import type { AnyHandler, AnyIOManager, OutputContext, SqlQuery } from "../io/manager.ts";
import type { Write } from "../model/values.ts";
import { inputContext, outputContext } from "./contexts.ts";
import { exactRows, type Sample, sampleValue } from "./samples.ts";

/*
 * A lane is one asset that is written again and again in one way, by numbers. What it holds after each write follows from the number
 * alone, so that whoever reads it, in whatever process, can tell a whole value from anything else.
 */

export const laneModes = ["replace", "partition", "partitions", "append", "upsert"] as const;
export type LaneMode = (typeof laneModes)[number];
export interface Lane {
  readonly key: string;
  readonly mode: LaneMode;
  /** Name of the handler that its values have. */
  readonly handler: string;
  /** Number of its first write, which replaces whatever there is. */
  readonly base: number;
}
/** What a lane holds, by partition; "" for the whole. Rows in order, as text. */
export type LaneState = ReadonlyMap<string, string>;

const shapes: Readonly<Record<string, AnyHandler>> = { rows: rows(), arrow, batches };
/** Handlers that another process can make values of. */
export const laneHandlers = [...Object.keys(shapes), "sql"];

const parts = ["a", "b/c", "ü'"] as const;
const partsOf = ({ mode, base }: Lane, number: number): readonly string[] => {
  if (mode !== "partition" && mode !== "partitions") return [];
  if (number === base) return parts;
  const first = parts[number % parts.length] as string;
  return mode === "partition" ? [first] : [first, parts[(number + 1) % parts.length] as string];
};
const columns = { part: "varchar", id: "bigint", n: "bigint", text: "varchar" };
interface LaneRow {
  readonly part: string;
  readonly id: number;
  readonly n: number;
  readonly text: string;
}
const rowOf = (part: string, id: number, n: number): LaneRow => ({ part, id, n, text: `${n}:${id} `.repeat(8) });

/** Rows of one write: of a whole value hundreds to thousands, in other numbers each time; of the others few, since they grow. */
function rowsOf(lane: Lane, number: number): readonly LaneRow[] {
  const count = (most: number): number => Math.ceil((most * (1 + (number % 7))) / 7);
  const many = (part: string, length: number, first = 0) => Array.from({ length }, (_, i) => rowOf(part, first + i, number));
  if (lane.mode === "append") return many("", 20);
  if (lane.mode === "upsert") return Array.from({ length: 40 }, (_, i) => rowOf("", (number * 13 + i) % 100, number));
  const targets = partsOf(lane, number);
  return targets.length === 0 ? many("", count(1400)) : targets.flatMap((part) => many(part, count(350)));
}

const writeOf = ({ mode, base }: Lane, number: number): Write =>
  number === base || (mode !== "append" && mode !== "upsert") ? "replace" : mode === "append" ? "append" : { upsert: ["id"] };

const text = (found: readonly LaneRow[]): string =>
  found
    .map((row) => `${row.id}:${row.n}${row.text === rowOf("", row.id, row.n).text ? "" : " (its text is another's)"}`)
    .sort()
    .join(" ");

/** What the lane holds when all writes up to that number have been made once, and nothing else has. */
export function laneState(lane: Lane, number: number): LaneState {
  const state = new Map<string, string>();
  if (lane.mode === "append" || lane.mode === "upsert") {
    const held = new Map<unknown, LaneRow>();
    for (let n = lane.base; n <= number; n += 1) for (const row of rowsOf(lane, n)) held.set(lane.mode === "append" ? `${n} ${row.id}` : row.id, row);
    return state.set("", text([...held.values()]));
  }
  if (lane.mode === "replace") return state.set("", text(rowsOf(lane, number)));
  for (const part of parts) {
    for (let n = number; n >= lane.base; n -= 1) {
      if (!partsOf(lane, n).includes(part)) continue;
      state.set(part, text(rowsOf(lane, n).filter((row) => row.part === part)));
      break;
    }
  }
  return state;
}
/** The number of the last write that touched the partition, at that time. */
export function laneVersion(lane: Lane, number: number, part: string): number {
  for (let n = number; n > lane.base; n -= 1) if (part === "" || partsOf(lane, n).includes(part)) return n;
  return lane.base;
}

const slices = (keys: readonly string[]): Pick<OutputContext, "partitions" | "slices"> =>
  keys.length === 0
    ? { partitions: [] }
    : { partitions: keys, slices: keys.map((key) => ({ key, dimensions: [{ name: "partition", key, column: "part" }] })) };

/** What the lane holds now, and the `dataVersion` in its records. */
export async function readLane(
  manager: AnyIOManager,
  lane: Lane,
): Promise<{ readonly state: LaneState; readonly versions: ReadonlyMap<string, string | undefined> }> {
  const keys = lane.mode === "partition" || lane.mode === "partitions" ? parts : [];
  const loaded = (await manager.loadInput(inputContext(lane.key, { ...slices(keys), handler: exactRows }))) as readonly object[];
  const held = new Map<string, LaneRow[]>((keys.length === 0 ? [""] : keys).map((part) => [part, []]));
  for (const row of loaded as readonly Record<keyof LaneRow, unknown>[]) {
    const found = { part: String(row.part), id: Number(row.id), n: Number(row.n), text: String(row.text) };
    if (!held.has(found.part)) held.set(found.part, []);
    held.get(found.part)?.push(found);
  }
  const versions = new Map<string, string | undefined>();
  if (manager.inspectPartitions && keys.length > 0) {
    for (const [part, record] of await manager.inspectPartitions(inputContext(lane.key))) versions.set(part, record.dataVersion);
  } else if (manager.inspect) {
    for (const part of held.keys())
      versions.set(part, (await manager.inspect(inputContext(lane.key, slices(part === "" ? [] : [part]))))?.dataVersion);
  }
  return { versions, state: new Map([...held].map(([part, found]) => [part, text(found)])) };
}

/** Makes one write of a lane; `begin` is called when its value is there and the I/O manager is about to have it. */
export async function writeLane(manager: AnyIOManager, lane: Lane, number: number, begin: () => void): Promise<void> {
  const sample: Sample = { columns, rows: rowsOf(lane, number) as unknown as Sample["rows"] };
  const keys = partsOf(lane, number);
  const value = await laneValue(manager, lane, sample);
  const record = { runId: `${lane.key}-${number}`, step: lane.key, dataVersion: String(number) };
  const context = outputContext(lane.key, { columns, ...slices(keys), write: writeOf(lane, number), record });
  begin();
  await manager.handleOutput(keys.length === 1 ? { ...context, record: { ...context.record, partition: keys[0] as string } } : context, value);
}

async function laneValue(manager: AnyIOManager, { handler, key }: Lane, sample: Sample): Promise<unknown> {
  const shape = shapes[handler];
  if (shape) return sampleValue(shape, sample);
  const source = `${key}-source`;
  await manager.handleOutput(outputContext(source, { columns: sample.columns }), await sampleValue(arrow, sample));
  return sql`select * from ${(await manager.loadInput(inputContext(source, { handler: sql }))) as SqlQuery}`;
}
