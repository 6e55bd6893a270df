import { fit, type Terminal } from "./terminal.ts";

/** Lines at the end of the output that are drawn again and again, below those that stay. */
export interface Live {
  /** Writes lines that stay. */
  readonly print: (text: string) => void;
  /** Replaces the moving lines; without a person watching nothing is shown. */
  readonly show: (lines: readonly string[]) => void;
}

export function liveLines(terminal: Terminal): Live {
  let shown: readonly string[] = [];
  const erase = () => (shown.length === 0 ? "" : `\u001b[${shown.length}A\u001b[0J`);
  const drawn = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");
  return {
    print(text) {
      terminal.out(`${erase()}${text}${drawn(shown)}`);
    },
    show(lines) {
      if (!terminal.interactive) return;
      const next = lines.map((line) => fit(line, terminal.columns() - 1));
      terminal.out(`${erase()}${drawn(next)}`);
      shown = next;
    },
  };
}
