import { createRequire } from "node:module";
import { join } from "node:path";
import { SluiceError } from "../../model/errors.ts";

export type Polars = typeof import("nodejs-polars");
/** Loads a package by its name; throws what Node throws. */
export type Load = (name: string) => unknown;

/** The project's own copy, so that frames are of the one that `run` works with; else the copy beside this one. */
export function loadFrom(folder: string): Load {
  const own = createRequire(import.meta.url);
  const project = createRequire(join(folder, "sluice.config.ts"));
  return (name) => {
    let found: string;
    try {
      found = project.resolve(name);
    } catch {
      return own(name); // Not found from the project: what is installed beside Sluice may do, and its own error says more.
    }
    return project(found);
  };
}

const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown } | undefined)?.code;

/** nodejs-polars, on first need. Throws `io/sdk-missing` where it, or its package for this platform, is not installed. */
export function loadPolars(load: Load = loadFrom(process.cwd())): Polars {
  try {
    return load("nodejs-polars") as Polars;
  } catch (cause) {
    const message = cause instanceof Error ? (cause.message.split("\n")[0] as string) : String(cause);
    const absent = codeOf(cause) === "MODULE_NOT_FOUND" && /'nodejs-polars'/.test(message);
    if (absent) {
      throw new SluiceError("io/sdk-missing", "The value is to be loaded as a Polars frame, and the package nodejs-polars is not installed.", {
        hint: "Install it in the project: npm install nodejs-polars",
        cause,
      });
    }
    const platform = /'(nodejs-polars-[\w-]+)'/.exec(message)?.[1];
    throw new SluiceError("io/sdk-missing", `nodejs-polars could not be loaded on ${process.platform}-${process.arch}: ${message}`, {
      hint: platform
        ? `The package with its binary is missing: npm install ${platform}. It asks for Node 22, and npm on an older Node leaves it out without a word; so does npm install --omit=optional.`
        : "Install it again with a current npm: npm install nodejs-polars",
      cause,
    });
  }
}
