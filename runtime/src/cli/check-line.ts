import type { RunEvent } from "../model/events.ts";
import { padEnd, plainLine, type Terminal } from "./terminal.ts";

/** What one check found, as a line for people. */
export function checkLine(event: Extract<RunEvent, { readonly type: "check-evaluated" }>, { paint }: Terminal, widest = 0): string {
  const { asset, partition, check, passed, severity, blocking, on, description } = event;
  const of = plainLine(partition === undefined ? asset : `${asset} [${partition}]`);
  const mark = passed ? paint("green", "✓") : severity === "warn" ? paint("yellow", "!") : paint("red", "✗");
  const said = description === undefined ? "" : `: ${plainLine(description)}`;
  const late = !passed && blocking && on === "stored" ? paint("dim", " (of the stored value)") : "";
  const word = passed ? `check ${check} passed` : severity === "warn" ? `check ${check} warns` : `check ${check} failed`;
  return `${mark} ${padEnd(of, widest)}  ${plainLine(word)}${said}${late}\n`;
}
