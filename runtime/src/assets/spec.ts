import { SluiceError } from "../model/errors.ts";
import { nearestName } from "../model/nearest.ts";

/** A value for a message: `"text"`, `42`, `undefined`, `an array`, `a Map`. */
export function describe(value: unknown): string {
  if (value === null || value === undefined || typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return "an array";
  if (typeof value === "function") return value.name ? `the function ${value.name}` : "a function";
  if (typeof value === "symbol") return "a symbol";
  const name = (Object.getPrototypeOf(value) as { constructor?: { name?: unknown } } | null)?.constructor?.name;
  return typeof name === "string" && name !== "" && name !== "Object" ? `a ${name}` : "an object";
}

/** Throws `config/invalid` unless `spec` is an object that has none but the allowed properties. */
export function checkProperties(what: string, spec: unknown, allowed: readonly string[], asset?: string): void {
  if (typeof spec !== "object" || spec === null || Array.isArray(spec)) {
    throw new SluiceError("config/invalid", `${what} was given ${describe(spec)} where it takes an object.`, { asset });
  }
  for (const name of Object.keys(spec)) {
    if (allowed.includes(name)) continue;
    const meant = nearestName(name, allowed);
    throw new SluiceError("config/invalid", `${what} has no property "${name}".`, {
      asset,
      hint: meant === undefined ? `It takes ${allowed.join(", ")}.` : `Did you mean "${meant}"?`,
    });
  }
}
