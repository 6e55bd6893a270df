import type { ConfigDefinition } from "../assets/definition.ts";
import { type EnvRef, isKind } from "../io/manager.ts";
import type { Environment } from "./environment.ts";

/** Shorter values would tear up ordinary text, and hide nothing. */
const shortest = 4;

/** Names of the variables that a config takes with `env.secret`. */
function secretNames(config: ConfigDefinition): ReadonlySet<string> {
  const names = new Set<string>();
  const seen = new Set<object>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null || seen.has(value)) return;
    seen.add(value);
    if (isKind(value, "env")) {
      const { name, secret } = value as unknown as EnvRef<unknown>;
      if (secret) names.add(name);
    } else for (const each of Object.values(value)) visit(each);
  };
  for (const target of Object.values(config.targets)) for (const binding of Object.values(target.bindings)) visit(binding.settings);
  return names;
}

/** Puts `<NAME>` in place of every secret's value, wherever it stands in plain data: what a driver or user code says must not give it away. */
export function redactor(config: ConfigDefinition, environment: Environment): <Value>(value: Value) => Value {
  const secrets = [...secretNames(config)].flatMap((name) => {
    const value = environment[name];
    return value !== undefined && value.length >= shortest ? [[value, `<${name}>`] as const] : [];
  });
  if (secrets.length === 0) return (value) => value;
  secrets.sort(([one], [other]) => other.length - one.length);
  const clean = (value: unknown): unknown => {
    if (typeof value === "string") return secrets.reduce((text, [secret, name]) => text.replaceAll(secret, name), value);
    if (Array.isArray(value)) return value.map(clean);
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [clean(name), clean(each)]));
  };
  return <Value>(value: Value) => clean(value) as Value;
}
