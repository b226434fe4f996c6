// Numbers, sizes and times as people read them.

const plain = new Intl.NumberFormat("en-US");
const two = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 });

export const exact = (value: number) => plain.format(value);

function scaled(value: number, steps: [number, string][], separator: string): string {
  for (const [size, unit] of steps)
    // 999 500 is "1 M": what rounds up to the next unit is said in it.
    if (value >= size * 0.9995) return two.format(value / size) + separator + unit;
  return plain.format(value);
}

/** 12.3 K */
export const count = (value: number) =>
  scaled(value, [[1e9, "B"], [1e6, "M"], [1e3, "K"]], "\u00a0");

/** 7.62 B: parameters of a model, and rows. */
export const amount = (value: number) =>
  scaled(value, [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "K"]], "\u00a0");

/** Decimal, as the clients print them: 1.52 GB. */
export const bytes = (value: number) =>
  value < 1000
    ? `${plain.format(value)}\u00a0B`
    : scaled(value, [[1e15, "PB"], [1e12, "TB"], [1e9, "GB"], [1e6, "MB"], [1e3, "kB"]], "\u00a0");

export const plural = (value: number, one: string, many = one + "s") =>
  `${exact(value)} ${value === 1 ? one : many}`;

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const this_year = new Intl.DateTimeFormat("en", { day: "numeric", month: "short" });
const other_year = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", year: "numeric" });
const complete = new Intl.DateTimeFormat("en", { dateStyle: "full", timeStyle: "medium" });

/** "3 hours ago" under 30 days, then the date. Works for the future as well. */
export function when(time: string | Date, now = new Date()): string {
  const date = new Date(time);
  const seconds = (date.getTime() - now.getTime()) / 1000;
  const size = Math.abs(seconds);
  if (size < 45) return seconds <= 0 ? "just now" : "in a moment";
  if (size < 3600) return relative.format(Math.round(seconds / 60), "minute");
  if (size < 86400) return relative.format(Math.round(seconds / 3600), "hour");
  if (size < 30 * 86400) return relative.format(Math.round(seconds / 86400), "day");
  return (date.getFullYear() === now.getFullYear() ? this_year : other_year).format(date);
}
export const date = (time: string | Date) => other_year.format(new Date(time));
export const moment = (time: string | Date) => complete.format(new Date(time));

/** Time left: "about 3 min". */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}
