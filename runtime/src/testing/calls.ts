import { arrow } from "../handlers/arrow.ts";
import type { AnyIOManager, OutputContext } from "../io/manager.ts";
import { isSluiceError } from "../model/errors.ts";
import { inputContext, outputContext } from "./contexts.ts";
import { exactRows, sampleValue } from "./samples.ts";

/* Calls of an I/O manager as plain data, made by whichever process, and what the stored value is after them. */

export type CallKind = "replace" | "append" | "upsert" | "delete" | "read";
export interface Call {
  readonly key: string;
  /** Partitions; none for the whole. */
  readonly parts: readonly string[];
  readonly kind: CallKind;
  /** Tells what is written from everything else that is. */
  readonly number: number;
}
/** What is stored: rows in order, as text. */
export type State = string;
export const absent: State = "absent";

const columns = { part: "varchar", id: "bigint", n: "bigint" };
/** Ids of a write: few, which meet those of others, except in appends, which do not know keys. */
function idsOf({ kind, number }: Pick<Call, "kind" | "number">): readonly number[] {
  if (kind === "append") return [1000 + number * 2, 1001 + number * 2];
  return kind === "upsert" ? [number % 4, (number % 4) + 1] : Array.from({ length: 1 + (number % 5) }, (_, i) => i);
}
const asText = (rows: readonly (readonly [id: number, n: number])[]): State =>
  rows
    .map(([id, n]) => `${id}:${n}`)
    .sort()
    .join(" ");

/** What is stored after the call has been made where that was stored. */
export function after(state: State, call: Pick<Call, "kind" | "number">): State {
  if (call.kind === "read") return state;
  if (call.kind === "delete") return absent;
  const written = idsOf(call).map((id) => [id, call.number] as const);
  if (call.kind === "replace" || state === absent) return asText(written);
  const former = state.split(" ").map((row) => row.split(":").map(Number) as [number, number]);
  return asText([...former.filter(([id]) => !written.some(([other]) => other === id)), ...written]);
}

const at = (parts: readonly string[]): Pick<OutputContext, "partitions" | "slices"> =>
  parts.length === 0
    ? { partitions: [] }
    : { partitions: parts, slices: parts.map((key) => ({ key, dimensions: [{ name: "partition", key, column: "part" }] })) };

async function read(manager: AnyIOManager, key: string, parts: readonly string[]): Promise<State> {
  try {
    const loaded = await manager.loadInput(inputContext(key, { ...at(parts), handler: exactRows }));
    const rows = loaded as readonly { readonly part: string; readonly id: bigint; readonly n: bigint }[];
    const strange = rows.find(({ part }) => part !== (parts[0] ?? ""));
    return strange ? `a row of partition ${strange.part}` : asText(rows.map(({ id, n }) => [Number(id), Number(n)]));
  } catch (error) {
    if (isSluiceError(error) && error.code === "io/not-found") return absent;
    throw error;
  }
}

/** Makes a call. Resolves to what was read, by partition. */
export async function make(manager: AnyIOManager, call: Call): Promise<readonly State[]> {
  const { key, parts, kind, number } = call;
  if (kind === "read") return Promise.all((parts.length === 0 ? [[]] : parts.map((part) => [part])).map((each) => read(manager, key, each)));
  if (kind === "delete") {
    await manager.delete?.(inputContext(key, at(parts)));
    return [];
  }
  const rows = (parts.length === 0 ? [""] : parts).flatMap((part) => idsOf(call).map((id) => ({ part, id, n: number })));
  const write = kind === "upsert" ? { upsert: ["id"] } : kind;
  const context = outputContext(key, { columns, ...at(parts), write, record: { runId: `call-${number}`, dataVersion: String(number) } });
  await manager.handleOutput(context, await sampleValue(arrow, { columns, rows }));
  return [];
}

/** Whether there is an order of these calls, all made at once, in which one after the other each reads what it has read and leaves that state. */
export function isSerial(
  before: State,
  calls: readonly { readonly kind: CallKind; readonly number: number; readonly found?: State | undefined }[],
  last: State,
): boolean {
  if (calls.length === 0) return before === last;
  return calls.some((call, i) => {
    if (call.kind === "read" && call.found !== before) return false;
    return isSerial(
      after(before, call),
      calls.filter((_, other) => other !== i),
      last,
    );
  });
}
