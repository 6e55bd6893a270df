import path from "node:path";
import { problemsOf } from "../engine/problems.ts";
import { type ErrorInfo, isSluiceError } from "../model/errors.ts";
import { plainText, type Terminal } from "./terminal.ts";

/** What the command ends with; documented in `sluice --help`. */
export const exitCodes = { ok: 0, failed: 1, misuse: 2, bug: 3, cancelled: 130 } as const;

/** Wrong use of the command itself. */
export class UsageError extends Error {}

export function exitCodeOf(thrown: unknown): number {
  if (thrown instanceof UsageError) return exitCodes.misuse;
  if (!isSluiceError(thrown)) return exitCodes.bug;
  if (thrown.code === "run/cancelled") return exitCodes.cancelled;
  return /^(config|selection|graph|partition|load)\//.test(thrown.code) ? exitCodes.misuse : exitCodes.failed;
}

/** An error for people: where, what, and what to do about it, each on its own line. */
export function errorText(error: ErrorInfo, terminal: Terminal, folder: string): string {
  const { place, hint, thrown, message } = error;
  const said = thrown && thrown !== "Error" && !message.includes(thrown) ? `${thrown}: ${message}` : message;
  const where = place
    ? `${path.relative(folder, place.file) || place.file}:${place.line}${place.column === undefined ? "" : `:${place.column}`}`
    : undefined;
  const lines = [
    ...plainText(said).split("\n"),
    ...(where === undefined ? [] : [terminal.paint("dim", `at ${plainText(where)}`)]),
    ...(hint === undefined
      ? []
      : plainText(hint)
          .split("\n")
          .map((line) => terminal.paint("yellow", `hint: ${line}`))),
  ];
  return lines.map((line) => `    ${line}\n`).join("");
}

/** Any thrown value, as the last words of a command. */
export function thrownText(thrown: unknown, terminal: Terminal, folder: string): string {
  if (thrown instanceof UsageError) return `${terminal.paint("red", "✗")} ${thrown.message}\n`;
  if (!isSluiceError(thrown)) {
    const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    return `${terminal.paint("red", "✗")} This is a mistake in Sluice itself:\n${plainText(text)}\n`;
  }
  return problemsOf(thrown)
    .map(
      (problem) =>
        `${terminal.paint("red", "✗")} ${problem.code}${problem.asset === undefined ? "" : ` · ${plainText(problem.asset)}`}\n${errorText(problem, terminal, folder)}`,
    )
    .join("");
}
