const units: readonly (readonly [name: string, ms: number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1000],
];

/** A duration for readers: "42 ms", "3.1 s", "2 min 5 s". */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  const seconds = Math.round((ms % 60_000) / 1000);
  return seconds === 0 ? `${minutes} min` : `${minutes} min ${seconds} s`;
}

/** How long ago, for readers: "just now", "12 s ago", "2 min ago". */
export function formatAge(then: number, now: number): string {
  const ms = Math.max(0, now - then);
  for (const [name, size] of units) if (ms >= size) return `${Math.floor(ms / size)} ${name} ago`;
  return "just now";
}

/** A count for readers, exact up to 99,999: "1,204 rows", "1.24 M rows". */
export function formatRows(rows: number): string {
  const short =
    rows < 100_000
      ? rows.toLocaleString("en-US")
      : rows < 1_000_000
        ? `${(rows / 1000).toFixed(0)} k`
        : rows < 1e9
          ? `${(rows / 1e6).toFixed(2)} M`
          : `${(rows / 1e9).toFixed(2)} G`;
  return `${short} ${rows === 1 ? "row" : "rows"}`;
}

/** A size for people: "812 B", "1.24 MB". */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toPrecision(3)} ${units[unit]}`;
}
