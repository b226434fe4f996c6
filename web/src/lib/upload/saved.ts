// The plan of an upload over reloads and crashes. A mark says, without opening the database,
// whether there is one, and whether another tab is at work on it.
import { del, get, set } from "idb-keyval";
import type { Plan } from "./plan.ts";

const name = "upload";
const alive_ms = 5000;

export const mark = {
  /** Another tab said a moment ago that it is at work. */
  is_alive: () => Date.now() - (read() ?? 0) < alive_ms,
  beat: () => write(String(Date.now())),
  rest: () => write("0"),
};
function read(): number | null {
  try {
    const text = localStorage.getItem(name);
    return text === null ? null : Number(text);
  } catch {
    return null;
  }
}
function write(text: string | null) {
  try {
    if (text === null) localStorage.removeItem(name);
    else localStorage.setItem(name, text);
  } catch {
    // Without storage an upload does not survive a reload; the page says nothing wrong.
  }
}

export const saved_plan = {
  get: async (): Promise<Plan | undefined> => {
    try {
      return await get<Plan>(name);
    } catch {
      return undefined;
    }
  },
  set: async (plan: Plan) => {
    try {
      await set(name, plan);
    } catch {
      // As above.
    }
  },
  drop: async () => {
    write(null);
    await del(name).catch(() => {});
  },
};
