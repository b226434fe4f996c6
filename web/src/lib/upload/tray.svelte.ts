import { mark_exists } from "./mark.ts";

/** Whether an upload was begun, now or before a reload: only then the tray's code is loaded. */
export const tray = $state({ wanted: mark_exists() });
