/** "#L10-L20", "#L10" as lines; null for anything else. */
export function parse_lines(hash: string): { from: number; to: number } | null {
  const match = /^#L(\d+)(?:-L?(\d+))?$/.exec(hash);
  if (!match) return null;
  const from = Number(match[1]);
  const to = Number(match[2] ?? from);
  return from <= to ? { from, to } : { from: to, to: from };
}
