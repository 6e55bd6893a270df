import type { types } from "../io/manager.ts";
import { kind } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import { describe } from "./spec.ts";
import type { DefaultStorable, TableValue } from "./values.ts";

/** Names an I/O manager that each target binds; `Value` is what the bound one must be able to store. */
export interface IOManagerKey<Name extends string = string, in Value = never> {
  readonly [kind]: "io-manager-key";
  readonly name: Name;
  readonly [types]: (value: Value) => void;
}
/** Bound as `ioManager` in each target, and used by every asset that names no other key. */
export type DefaultIOManagerKey = IOManagerKey<"ioManager", DefaultStorable>;

/** Names a resource that each target binds; `Value` is what `run` receives. */
export interface ResourceKey<Name extends string = string, out Value = unknown> {
  readonly [kind]: "resource-key";
  readonly name: Name;
  readonly [types]: Value;
}
export type AnyKey = IOManagerKey | ResourceKey;
export type Resources = Readonly<Record<string, ResourceKey>>;
/** What `run` receives as `context.resources`. */
export type Opened<R> = { readonly [Name in keyof R]: R[Name] extends ResourceKey<string, infer Value> ? Value : never };

/** Settings of a target, which no key can be named. */
export const targetSettings = ["protected", "readFrom"] as const;
/** The key of assets that name none. */
export const defaultKeyName = "ioManager";

function checkName(what: string, name: unknown): void {
  if (typeof name !== "string" || name === "") {
    throw new SluiceError("config/invalid", `${what} was given ${describe(name)} where it takes a name.`, {
      hint: `The type is given first, then the name: ${what}()("warehouse").`,
    });
  }
  if (name === defaultKeyName || (targetSettings as readonly string[]).includes(name)) {
    throw new SluiceError("config/invalid", `${what}()("${name}"): "${name}" has another meaning in a target.`, { hint: "Choose another name." });
  }
}

/** A key for I/O managers: `ioManagerKey<Model>()("models")`. The type is given, the name is inferred. */
export const ioManagerKey =
  <Value = TableValue>() =>
  <const Name extends string>(name: Name): IOManagerKey<Name, Value> => {
    checkName("ioManagerKey", name);
    return { [kind]: "io-manager-key", name } as IOManagerKey<Name, Value>;
  };

/** A key for resources: `resourceKey<Shop>()("shop")`. */
export const resourceKey =
  <Value>() =>
  <const Name extends string>(name: Name): ResourceKey<Name, Value> => {
    checkName("resourceKey", name);
    return { [kind]: "resource-key", name } as ResourceKey<Name, Value>;
  };
