import { kind } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import type { Promisable } from "./mistake.ts";
import { checkProperties } from "./spec.ts";

/** Something that `run` uses and a target provides: a client, a connection. Opened once per run, closed after it. */
export interface Resource<out Value> {
  readonly [kind]: "resource";
  /** For people. */
  readonly name?: string;
  /** Its settings, so that missing environment variables are found before a run. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly open: (context: { readonly signal: AbortSignal }) => Promisable<Value>;
  readonly close?: (value: never) => Promisable<void>;
}

/**
 * Defines a resource.
 * @example const shop = resource({ open: () => connect(), close: (client) => client.end() });
 */
export function resource<Value>(definition: {
  readonly name?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly open: (context: { readonly signal: AbortSignal }) => Promisable<Value>;
  readonly close?: (value: NoInfer<Value>) => Promisable<void>;
}): Resource<Value> {
  checkProperties("resource()", definition, ["name", "settings", "open", "close"]);
  if (typeof definition.open !== "function") throw new SluiceError("config/invalid", "resource() needs a function open.");
  if (definition.close !== undefined && typeof definition.close !== "function") {
    throw new SluiceError("config/invalid", "resource() was given a close that is not a function.");
  }
  return { ...definition, [kind]: "resource" } as Resource<Value>;
}
