import type { EnvRef } from "../io/manager.ts";
import { kind } from "../io/manager.ts";
import { SluiceError } from "../model/errors.ts";
import { describe } from "./spec.ts";

export interface Env {
  /** The text of an environment variable; the project's `.env` is read, real variables win. */
  (name: string): EnvRef<string>;
  /** The same, for what no view, log or error may show. */
  readonly secret: (name: string) => EnvRef<string>;
  /** An integer. */
  readonly int: (name: string) => EnvRef<number>;
}

// What console.log of a reference shows; a symbol of Node's registry, so that no import of node:util is needed.
const inspect = Symbol.for("nodejs.util.inspect.custom");

function reference<Value>(call: string, name: string, secret: boolean, parse: (text: string) => Value): EnvRef<Value> {
  if (typeof name !== "string" || name.trim() === "") {
    throw new SluiceError("config/invalid", `${call}() was given ${describe(name)} where it takes the name of an environment variable.`);
  }
  const shown = () => `${call}(${JSON.stringify(name)})`;
  const ref = {
    [kind]: "env" as const,
    name,
    secret,
    read: (environment: Readonly<Record<string, string | undefined>>): Value => {
      const text = environment[name];
      if (text === undefined) {
        throw new SluiceError("config/missing-env", `The environment variable ${name} is not set.`, {
          hint: `Set it, or write ${name}=… into the project's .env file.`,
        });
      }
      return parse(text);
    },
  };
  for (const method of ["toString", "toJSON", inspect]) Object.defineProperty(ref, method, { value: shown });
  return ref;
}

const text = (value: string) => value;

/** Refers to an environment variable: `env("X")`, `env.secret("X")`, `env.int("X")`. Read when a store opens, in the runner only; prints as its name. */
export const env: Env = Object.assign((name: string) => reference("env", name, false, text), {
  secret: (name: string) => reference("env.secret", name, true, text),
  int: (name: string) =>
    reference("env.int", name, false, (value) => {
      const number = Number(value);
      if (/^\s*[+-]?\d+\s*$/.test(value) && Number.isSafeInteger(number)) return number;
      throw new SluiceError("config/invalid", `The environment variable ${name} is not an integer.`, { hint: "Its value is not shown here." });
    }),
});
