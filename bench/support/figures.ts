/** One figure of a benchmark. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Most it may be. */
  readonly target?: number;
  /** What else there is to know: the least and the most of a ratio, how it was measured. */
  readonly note?: string;
}

export interface BenchOptions {
  /** Fewer rows and rounds: a tenth of the time, more noise. */
  readonly quick: boolean;
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[sorted.length >> 1] as number;
};

/** The least value that so many percent of all do not pass. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil((sorted.length * percent) / 100) - 1)] as number;
}

/** Milliseconds: what a person waits, and processor time of this process over all its threads. */
export interface Spent {
  readonly wall: number;
  readonly cpu: number;
}

export async function spent(work: () => Promise<unknown>): Promise<Spent> {
  const [began, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { wall: performance.now() - began, cpu: (user + system) / 1000 };
}

/** The medians of several. */
export const medianOf = (all: readonly Spent[]): Spent => ({
  wall: median(all.map(({ wall }) => wall)),
  cpu: median(all.map(({ cpu }) => cpu)),
});

/** The least of several: other programs only add to it. */
export const leastOf = (all: readonly Spent[]): Spent => ({
  wall: Math.min(...all.map(({ wall }) => wall)),
  cpu: Math.min(...all.map(({ cpu }) => cpu)),
});

/** What a person waits, in milliseconds, with the processor time in the note. */
export const wallFigure = (name: string, { wall, cpu }: Spent, target?: number): Figure => ({
  name,
  value: wall,
  unit: "ms",
  note: `${cpu.toPrecision(3)} ms CPU`,
  ...(target === undefined ? {} : { target }),
});

/** Processor time in milliseconds of each of `count` things, with the wall time of each in the note. */
export const cpuFigure = (name: string, { wall, cpu }: Spent, { count = 1, target }: { count?: number; target?: number } = {}): Figure => ({
  name,
  value: cpu / count,
  unit: "ms CPU",
  note: `${(wall / count).toPrecision(3)} ms`,
  ...(target === undefined ? {} : { target }),
});

/** A way of doing the same as `base`. */
export interface Path {
  readonly name: string;
  readonly work: () => Promise<unknown>;
  readonly target?: number;
}

/**
 * Processor time of each path as a ratio to that of `base`: every round runs all of them, one behind the other, and the least of each counts,
 * since other programs only add to it. The first round warms up. The base comes first, in milliseconds; the notes say what the medians are.
 */
export async function compare(rounds: number, base: Path, paths: readonly Path[]): Promise<Figure[]> {
  const all = [base, ...paths];
  const taken = all.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, { work }] of all.entries()) {
      const { cpu } = await spent(work);
      if (round > 0) taken[i]?.push(cpu);
    }
  }
  const [bases, ...others] = taken.map((values) => ({ least: Math.min(...values), middle: median(values) }));
  if (!bases) return [];
  return [
    { name: base.name, value: bases.least, unit: "ms CPU", note: `median ${bases.middle.toPrecision(3)}` },
    ...others.map(({ least, middle }, i): Figure => {
      const { name, target } = paths[i] as Path;
      const note = `medians ${(middle / bases.middle).toPrecision(3)}`;
      return { name, value: least / bases.least, unit: "x", note, ...(target === undefined ? {} : { target }) };
    }),
  ];
}
