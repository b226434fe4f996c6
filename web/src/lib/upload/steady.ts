// A fetch that goes on: over a lost connection and a hub that restarts, and over the end of a
// session, after signing in again. Runs in a worker, where XMLHttpRequest tells of bytes sent.

export interface Door {
  /** What proves that a change comes from the hub's own page. */
  proof(): Record<string, string>;
  /** Asks for signing in; false when nobody does. */
  sign_in(): Promise<boolean>;
  /** Why nothing moves at the moment; "" when it moves again. */
  wait(why: string): void;
  origin: string;
  sleep(ms: number): Promise<void>;
  send?: (request: Outgoing) => Promise<Response>;
}
export interface Outgoing {
  url: URL;
  method: string;
  headers: Headers;
  body: BodyInit | null;
  progress: ((part: number) => void) | undefined;
}
type Hinted = RequestInit & { progressHint?: { progressCallback?: (progress: number) => void }; /** No second try: it may have been heard. */ once?: boolean };

const wait_ms_max = 30_000;
const failures_max = 5;
/** Says that nobody knows whether a request was heard. */
export class Unheard extends Error {}

export function steady_fetch(door: Door) {
  const send = door.send ?? send_request;
  return async (address: RequestInfo | URL, init: Hinted = {}): Promise<Response> => {
    const url = new URL(address instanceof Request ? address.url : String(address), door.origin);
    // The hub names itself by its public address; this browser may know it by another.
    const here = new URL(door.origin);
    if (/^\/(xet|api|datasets|spaces)\/|\/info\/lfs\//.test(url.pathname)) [url.protocol, url.host] = [here.protocol, here.host];
    const own = url.origin === here.origin;
    const method = init.method ?? "GET";
    let tries = 0;
    for (;;) {
      const headers = new Headers(init.headers);
      if (own && !headers.has("Authorization")) for (const [name, value] of Object.entries(door.proof())) headers.set(name, value);
      let response: Response | null = null;
      try {
        response = await send({ url, method, headers, body: init.body ?? null, progress: init.progressHint?.progressCallback });
      } catch {
        if (init.once) throw new Unheard("The connection was lost while saving.");
      }
      const code = response?.headers.get("X-Error-Code");
      const is_stranger = response && own && !headers.has("Authorization") && (response.status === 401 || code === "CsrfTokenMissing");
      if (is_stranger && tries < failures_max) {
        tries++;
        if (await door.sign_in()) continue;
        return response!;
      }
      const is_passing = !response || [429, 502, 503, 504].includes(response.status);
      if (response && !is_passing && (response.status !== 500 || ++tries >= failures_max)) {
        door.wait("");
        return response;
      }
      if (init.once && response && response.status !== 429 && response.status !== 503) throw new Unheard("The hub did not say whether it saved.");
      door.wait(response ? (code === "Maintenance" ? "The hub is being maintained" : "The hub is busy") : "No connection");
      const asked = Number(response?.headers.get("Retry-After")) * 1000;
      await door.sleep(asked > 0 ? Math.min(asked, wait_ms_max) : Math.min(1000 * 2 ** Math.min(tries++, 5), wait_ms_max));
    }
  };
}
export type Steady = ReturnType<typeof steady_fetch>;

function send_request({ url, method, headers, body, progress }: Outgoing): Promise<Response> {
  if (!progress || body === null) return fetch(url, { method, headers, body });
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    headers.forEach((value, name) => request.setRequestHeader(name, value));
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.onload = () => {
      const answered = new Headers();
      for (const line of request.getAllResponseHeaders().trim().split(/\r?\n/)) {
        const at = line.indexOf(":");
        if (at > 0) answered.append(line.slice(0, at), line.slice(at + 1).trim());
      }
      const empty = [204, 205, 304].includes(request.status);
      resolve(new Response(empty ? null : request.responseText, { status: request.status, headers: answered }));
    };
    request.onerror = () => reject(new TypeError("The connection was lost."));
    request.send(body as XMLHttpRequestBodyInit);
  });
}
