/** Whether the plan of an upload was kept; asked on every page, so it loads nothing. */
export function mark_exists(): boolean {
  try {
    return localStorage.getItem("upload") !== null;
  } catch {
    return false;
  }
}
