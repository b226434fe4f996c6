import { send } from "../api/api.ts";

export async function sign_out() {
  await send("DELETE", "/api/-/v1/session");
  location.assign("/");
}

/** Where to go after signing in: an address of this hub, nothing else. */
export function next_address(query: URLSearchParams): string {
  const next = query.get("next") ?? "/";
  // "//host" and "/\host" are other hosts to a browser.
  return /^\/(?![/\\])/.test(next) ? next : "/";
}
