import * as vscode from "vscode";

/** Every setting that the extension reads, by its name after "sluice.". */
export const settingNames = ["codeLens.enabled", "decorations.enabled", "run.saveFirst", "runner.startAutomatically", "runner.idleRelease"] as const;
type SettingName = (typeof settingNames)[number];

export interface Settings {
  readonly codeLens: boolean;
  readonly decorations: boolean;
  readonly saveFirst: boolean;
  readonly startRunner: boolean;
  /** Seconds; 0 for never. */
  readonly idleRelease: number;
}

/** The settings as they hold for a folder or file now. */
export function readSettings(scope?: vscode.Uri): Settings {
  const configuration = vscode.workspace.getConfiguration("sluice", scope ?? null);
  const read = <Value>(name: SettingName, otherwise: Value): Value => configuration.get<Value>(name, otherwise);
  return {
    codeLens: read("codeLens.enabled", true),
    decorations: read("decorations.enabled", true),
    saveFirst: read("run.saveFirst", true),
    startRunner: read("runner.startAutomatically", true),
    idleRelease: Math.max(0, read("runner.idleRelease", 30)),
  };
}
