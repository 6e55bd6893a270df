/** Keeps the last lines of a stream of text, for the report of a crash. */
export interface LastLines {
  readonly add: (chunk: string) => void;
  readonly lines: () => readonly string[];
}

export function keepLastLines(limit: number): LastLines {
  let kept: string[] = [];
  let rest = "";
  return {
    add(chunk) {
      const lines = (rest + chunk).split(/\r?\n/);
      rest = (lines.pop() ?? "").slice(-10_000);
      kept = [...kept, ...lines.filter((line) => line.trim() !== "")].slice(-limit);
    },
    lines: () => (rest.trim() === "" ? kept : [...kept, rest].slice(-limit)),
  };
}
