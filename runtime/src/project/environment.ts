import { readFileSync } from "node:fs";
import path from "node:path";
import { parseEnv } from "node:util";
import { SluiceError } from "../model/errors.ts";
import { hashOf } from "./facts.ts";

export type Environment = Record<string, string | undefined>;

/** The project's `.env`, kept in step with the file. Its values go into the environment given and nowhere else. */
export interface EnvironmentFile {
  /** Reads the file where it changed; true when the environment is another now. */
  readonly refresh: () => boolean;
  /** Takes its values out of the environment again. */
  readonly close: () => void;
}

/** Variables that the environment has when this is called win over those of the file. */
export function watchEnvironmentFile(root: string, environment: Environment): EnvironmentFile {
  const real = new Set(Object.keys(environment));
  let mine = new Set<string>();
  let before: string | undefined;
  const clear = () => {
    for (const name of mine) delete environment[name];
    mine = new Set();
  };
  return {
    refresh() {
      const text = read(path.join(root, ".env"));
      const hash = hashOf(text);
      if (hash === before) return false;
      const first = before === undefined;
      before = hash;
      clear();
      for (const [name, value] of Object.entries(parseEnv(text))) {
        if (real.has(name)) continue;
        environment[name] = value;
        mine.add(name);
      }
      return !first;
    },
    close: clear,
  };
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return ""; // most projects have none
    throw new SluiceError("config/invalid", `The file .env could not be read (${code}).`, { place: { file, line: 1 }, cause: error });
  }
}
