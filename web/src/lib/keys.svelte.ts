// Keys of the app. Single letters never act while somebody types, and can be switched off (WCAG 2.1.4).

import { untrack } from "svelte";

export interface Key {
  keys: string; // "t", "g h", "Shift+?"
  label: string;
  run: () => void;
}

const registered = $state<Key[]>([]);
export const all_keys = () => registered;

const setting = "single-keys";
export const single_keys = {
  get on() {
    return localStorage.getItem(setting) !== "off";
  },
  set on(value: boolean) {
    localStorage.setItem(setting, value ? "on" : "off");
  },
};

/** @return what takes them away again; fits `$effect` and `onMount`. */
export function add_keys(keys: Key[]): () => void {
  untrack(() => registered.push(...keys));
  return () =>
    untrack(() => {
      for (const key of keys) {
        const at = registered.findLastIndex((known) => known.keys === key.keys && known.label === key.label);
        if (at >= 0) registered.splice(at, 1);
      }
    });
}

const is_typing = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

let before = "";
let before_at = 0;

export function handle_key(event: KeyboardEvent) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || is_typing(event.target)) return;
  if (!single_keys.on || document.querySelector("dialog[open]")) return;
  const two = before && Date.now() - before_at < 1000 ? `${before} ${event.key}` : "";
  const found =
    registered.findLast((key) => key.keys === two) ?? registered.findLast((key) => key.keys === event.key);
  before = event.key;
  before_at = Date.now();
  if (!found) return;
  before = "";
  event.preventDefault();
  found.run();
}
