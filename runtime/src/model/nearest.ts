/** Edits (insert, delete, replace, swap) that turn one text into the other, given up beyond `limit`. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let best = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let edits = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) edits = Math.min(edits, before[j - 2]! + 1);
      row.push(edits);
      if (edits < best) best = edits;
    }
    if (best > limit) return limit + 1;
    before = above;
    above = row;
  }
  return above[b.length]!;
}

/** The name that a misspelt one most likely stands for; `undefined` when none is close. Case and the parts before a slash count little. */
export function nearestName(wrong: string, names: Iterable<string>): string | undefined {
  const lower = wrong.toLowerCase();
  const last = lower.slice(lower.lastIndexOf("/") + 1);
  let best: string | undefined;
  // One edit of a text that has one letter is another text.
  let bestDistance = Math.min(Math.max(1, Math.floor(wrong.length / 3)), wrong.length - 1) + 1;
  for (const name of names) {
    const candidate = name.toLowerCase();
    const sameEnd = candidate !== lower && candidate.slice(candidate.lastIndexOf("/") + 1) === last;
    const edits = sameEnd ? 1 : distance(lower, candidate, bestDistance - 1);
    if (edits < bestDistance) {
      best = name;
      bestDistance = edits;
    }
  }
  return best;
}
