import * as vscode from "vscode";
import type { IndexedProject, Manifest } from "../../runtime/src/model/graph.ts";

export interface TargetFacts {
  readonly name: string;
  /** Every write asks first; unknown before the project was loaded. */
  readonly protected: boolean;
  readonly bindings: Readonly<Record<string, string>>;
}
/** The project's targets and the chosen one, which is remembered per workspace. */
export interface Targets {
  readonly list: () => readonly TargetFacts[];
  /** Undefined while nobody knows a target. */
  readonly current: () => string | undefined;
  readonly isProtected: () => boolean;
  readonly choose: (name: string) => Promise<void>;
  readonly setIndexed: (indexed: IndexedProject) => void;
  readonly onDidChange: vscode.Event<string>;
}

export interface TargetsOptions {
  readonly id: string;
  readonly memory: vscode.Memento;
  readonly manifest: () => Manifest | undefined;
}

export function createTargets({ id, memory, manifest }: TargetsOptions): Targets {
  const key = `target:${id}`;
  const changed = new vscode.EventEmitter<string>();
  let indexed: IndexedProject | undefined;
  const list = (): readonly TargetFacts[] =>
    manifest()?.targets ?? (indexed?.targets ?? []).map((name) => ({ name, protected: false, bindings: {} }));
  const current = (): string | undefined => {
    const names = list().map((target) => target.name);
    const remembered = memory.get<string>(key);
    if (remembered !== undefined && names.includes(remembered)) return remembered;
    return manifest()?.defaultTarget ?? indexed?.defaultTarget ?? names[0];
  };
  return {
    list,
    current,
    isProtected: () => list().some((target) => target.name === current() && target.protected),
    setIndexed(next) {
      indexed = next;
    },
    async choose(name) {
      if (name === current()) return;
      await memory.update(key, name);
      changed.fire(name);
    },
    onDidChange: changed.event,
  };
}
