import path from "node:path";
import type { ConfigDefinition } from "../assets/definition.ts";
import { openTarget, type Target } from "../engine/target.ts";
import { filesystem } from "../io/filesystem.ts";

/** The targets of one loaded config, kept open between calls. */
export interface Stores {
  readonly config: ConfigDefinition;
  /** Throws `config/unknown-target`. */
  readonly target: (name: string) => Target;
  /** While `work` runs, nothing here is closed. */
  readonly use: <Result>(work: () => Promise<Result>) => Promise<Result>;
  readonly release: () => Promise<void>;
  /** For good, as soon as nothing uses it. */
  readonly retire: () => Promise<void>;
}

/** Where values of a target lie that binds no I/O manager: one folder per target, so that none sees another's. */
export const fallbackFolder = (root: string, target: string): string =>
  path.join(root, ".sluice", "storage", encodeURIComponent(target).replace(/^\.+$/, "_$&"));

export function openStores(root: string, config: ConfigDefinition): Stores {
  const targets = new Map<string, Target>();
  let users = 0;
  let idle: () => void = () => {};
  const all = async (act: (target: Target) => Promise<void>): Promise<void> => {
    await Promise.all(Array.from(targets.values(), act));
  };
  return {
    config,
    target(name) {
      const known = targets.get(name);
      if (known) return known;
      const target = openTarget(config, name, { fallback: (each) => filesystem({ baseDir: fallbackFolder(root, each) }) });
      targets.set(name, target);
      return target;
    },
    async use(work) {
      users++;
      try {
        return await work();
      } finally {
        if (--users === 0) idle();
      }
    },
    release: () => all((target) => target.release()),
    async retire() {
      if (users > 0) {
        await new Promise<void>((resolve) => {
          idle = resolve;
        });
      }
      await all((target) => target.close());
    },
  };
}
