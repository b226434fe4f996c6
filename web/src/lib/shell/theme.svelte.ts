export type Theme = "system" | "light" | "dark";
const read = (): Theme => {
  try {
    const value = localStorage.getItem("theme");
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    return "system";
  }
};
let chosen = $state<Theme>(read());
export const theme = {
  get value() {
    return chosen;
  },
  set value(next: Theme) {
    chosen = next;
    try {
      if (next === "system") localStorage.removeItem("theme");
      else localStorage.setItem("theme", next);
    } catch {
      // Not kept, but shown.
    }
    if (next === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
  },
};
