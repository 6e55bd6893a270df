import { describe } from "../assets/spec.ts";
import { SluiceError } from "../model/errors.ts";
import { plain } from "./plain.ts";

/** Characters of one text, entries of one list or object, and characters of everything one materialization says. */
const most = { text: 10_000, entries: 1_000, all: 200_000 };

/**
 * Adds to what `run` said about its value, as plain data. What is too long is cut, and says so: it lies with the value, and in the history, for good.
 * Throws `config/invalid` for anything but an object of values.
 */
export function addMetadata(said: Record<string, unknown>, more: unknown): void {
  if (typeof more !== "object" || more === null || Array.isArray(more)) {
    throw new SluiceError("config/invalid", `context.metadata() was given ${describe(more)} where it takes an object.`, {
      hint: "Give each value a name: metadata({ note: ... }).",
    });
  }
  const entries = Object.entries(plain(more) as Readonly<Record<string, unknown>>);
  let left = most.all - sizeOf(said);
  for (const [name, value] of entries) {
    left += Object.hasOwn(said, name) ? sizeOf(said[name]) : 0;
    const kept = cut(value);
    const size = sizeOf(kept);
    Object.defineProperty(said, name, {
      value: size <= left ? kept : `… left out: ${size} characters, and all metadata of a materialization may have ${most.all}`,
      enumerable: true,
      configurable: true,
      writable: true,
    });
    left -= sizeOf(said[name]);
  }
}

const sizeOf = (value: unknown): number => JSON.stringify(value).length;

function cut(value: unknown): unknown {
  if (typeof value === "string") return value.length <= most.text ? value : `${value.slice(0, most.text)}… (${value.length} characters)`;
  if (Array.isArray(value)) {
    const kept = value.slice(0, most.entries).map(cut);
    return value.length <= most.entries ? kept : [...kept, `… ${value.length - most.entries} more`];
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const kept = entries.slice(0, most.entries).map(([name, each]) => [name, cut(each)] as const);
  const more = entries.length > most.entries ? [["…", `${entries.length - most.entries} more`] as const] : [];
  return Object.fromEntries([...kept, ...more]);
}
