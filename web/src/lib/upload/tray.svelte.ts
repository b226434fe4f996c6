/** Whether an upload was begun: only then the tray's code is loaded. */
export const tray = $state({ wanted: false });
