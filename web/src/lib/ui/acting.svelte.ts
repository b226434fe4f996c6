import { refreshAll } from "$app/navigation";
import { message_of } from "../api/api.ts";
import { toast } from "../state.svelte.ts";

/** The buttons of one page: which of them is at work, and what went wrong. */
export class Acting {
  busy = $state("");
  error = $state("");
  /** @param done  said when it worked, or done with the answer. @return whether it worked. */
  async run<T>(key: string, act: () => Promise<T>, done: string | ((answer: T) => void)): Promise<boolean> {
    this.busy = key;
    this.error = "";
    let worked = false;
    try {
      const answer = await act();
      if (typeof done === "string") toast(done);
      else done(answer);
      worked = true;
      await refreshAll();
    } catch (failure) {
      this.error = message_of(failure);
    }
    this.busy = "";
    return worked;
  }
}
