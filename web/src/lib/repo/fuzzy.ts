/** Paths that hold the letters in this order, those first where they stand together and late. */
export function rank(paths: readonly string[], letters: string): string[] {
  const wanted = letters.toLowerCase().replaceAll(" ", "");
  if (!wanted) return [...paths];
  const scored: { path: string; score: number }[] = [];
  for (const path of paths) {
    const score = score_of(path.toLowerCase(), wanted);
    if (score !== null) scored.push({ path, score });
  }
  return scored.sort((a, b) => b.score - a.score || a.path.length - b.path.length).map((entry) => entry.path);
}

function score_of(path: string, wanted: string): number | null {
  const whole = path.lastIndexOf(wanted);
  const name_at = path.lastIndexOf("/") + 1;
  if (whole >= 0) return 1000 + (whole >= name_at ? 500 : 0) + (whole === name_at ? 200 : 0);
  let score = 0;
  let at = -1;
  for (const letter of wanted) {
    const next = path.indexOf(letter, at + 1);
    if (next < 0) return null;
    const starts = next === 0 || /[/_.-]/.test(path[next - 1]!);
    score += next === at + 1 ? 5 : starts ? 4 : 0;
    at = next;
  }
  return score;
}
