/** What ended an upload, for whoever waits for it. */
export function message_of(error: unknown): string {
  // The browser's word for a file that changed, moved or cannot be opened since it was chosen.
  if (error instanceof DOMException && ["NotReadableError", "NotFoundError"].includes(error.name)) return "A file was changed or moved since it was chosen. Choose the folder again.";
  return error instanceof Error ? error.message : String(error);
}
