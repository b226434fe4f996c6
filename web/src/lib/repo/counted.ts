// The number of downloads, read again while somebody tries the lines of a page: they see that it worked.
import { get } from "../api/api.ts";
import type { Days } from "../api/types.ts";
import { answers } from "../needs.ts";
import type { Repo } from "./repo.ts";

const every_ms = 3000; // The hub writes its counters once a second.
const for_ms = 15 * 60_000; // A first download of a large model; then the page stops asking.

/** Calls `tell` whenever there are more. @return what stops it. */
export function watch_downloads(repo: Repo, known: number, tell: (days: Days) => void, read = () => get<Days>(answers.days(repo))): () => void {
  const begun = Date.now();
  let last = known;
  let stopped = false;
  let timer: ReturnType<typeof setTimeout>;
  const look = async () => {
    if (document.visibilityState === "visible") {
      // No answer says nothing; the next one may.
      const days = await read().catch(() => null);
      if (!stopped && days && days.downloadsAllTime > last) {
        last = days.downloadsAllTime;
        tell(days);
      }
    }
    if (!stopped && Date.now() - begun < for_ms) timer = setTimeout(() => void look(), every_ms);
  };
  timer = setTimeout(() => void look(), every_ms);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
