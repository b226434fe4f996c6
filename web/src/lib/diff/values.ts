// Two JSON values compared by path: "rope_scaling.factor", "layers[3].size".

export interface ValueChange {
  path: string;
  kind: "added" | "removed" | "changed";
  before?: unknown;
  after?: unknown;
}
type Group = Record<string, unknown>;

const is_group = (value: unknown): value is Group => typeof value === "object" && value !== null && !Array.isArray(value);
const same = (a: unknown, b: unknown): boolean => a === b || (typeof a === "object" && typeof b === "object" && JSON.stringify(a) === JSON.stringify(b));
const member = (path: string, key: string) => {
  if (!/^[\p{L}_$][\p{L}\p{N}_$-]*$/u.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
};

/** What differs, in the order of the newer value; what went stands after what stayed. */
export function compare_values(before: unknown, after: unknown, path = ""): ValueChange[] {
  if (is_group(before) && is_group(after)) return compare_groups(before, after, path);
  if (Array.isArray(before) && Array.isArray(after)) return compare_lists(before, after, path);
  return same(before, after) ? [] : [{ path, kind: "changed", before, after }];
}

function compare_groups(before: Group, after: Group, path: string): ValueChange[] {
  const out: ValueChange[] = [];
  for (const [key, value] of Object.entries(after)) {
    const at = member(path, key);
    if (!Object.hasOwn(before, key)) out.push({ path: at, kind: "added", after: value });
    else out.push(...compare_values(before[key], value, at));
  }
  for (const [key, value] of Object.entries(before)) if (!Object.hasOwn(after, key)) out.push({ path: member(path, key), kind: "removed", before: value });
  return out;
}

/** Lists keep their common beginning and end; what lies between is compared in order. */
function compare_lists(before: unknown[], after: unknown[], path: string): ValueChange[] {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && same(before[start], after[start])) start++;
  let end = 0;
  while (end < most - start && same(before[before.length - 1 - end], after[after.length - 1 - end])) end++;
  const [old_end, new_end] = [before.length - end, after.length - end];
  const out: ValueChange[] = [];
  for (let index = start; index < Math.max(old_end, new_end); index++) {
    const at = `${path}[${index}]`;
    if (index < old_end && index < new_end) out.push(...compare_values(before[index], after[index], at));
    else if (index < new_end) out.push({ path: at, kind: "added", after: after[index] });
    else out.push({ path: at, kind: "removed", before: before[index] });
  }
  return out;
}

const shown_max = 300;
/** A value as a line of text. */
export function value_text(value: unknown): string {
  if (value === undefined) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > shown_max ? text.slice(0, shown_max) + "…" : text;
}
