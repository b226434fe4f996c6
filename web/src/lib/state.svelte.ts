// What every page needs to know of the hub and of who looks; one value, replaced with each page.
import type { Hub, Viewer } from "./page.ts";

export const state = $state<{ hub: Hub; viewer: Viewer | null }>({
  hub: { name: "", url: "", version: "", registration: "closed", features: {} },
  viewer: null,
});

export interface Toast {
  id: number;
  text: string;
  kind: "done" | "failed";
  action?: { label: string; run: () => void };
}
export const toasts = $state<Toast[]>([]);
let next_id = 1;

/** Says something at the edge of the page; never the only place where it is said. */
export function toast(text: string, more: { kind?: Toast["kind"]; action?: Toast["action"]; seconds?: number } = {}) {
  const id = next_id++;
  toasts.push({ id, text, kind: more.kind ?? "done", ...(more.action ? { action: more.action } : {}) });
  setTimeout(() => dismiss(id), (more.seconds ?? (more.action ? 10 : 5)) * 1000);
}
export function dismiss(id: number) {
  const at = toasts.findIndex((item) => item.id === id);
  if (at >= 0) toasts.splice(at, 1);
}

/** For screen readers: one polite region, see Shell. */
export const announcement = $state({ text: "" });
export const announce = (text: string) => void (announcement.text = text);
