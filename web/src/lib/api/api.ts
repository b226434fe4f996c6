// The only place that fetches. Errors are the API's own words, so pages can show them.

import { answer_name, type Post } from "../needs.ts";
import type { Answer, Document } from "../page.ts";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    /** The API's stable word, such as "RepoNotFound"; "" when there is none. */
    readonly code: string,
    message: string,
    readonly request_id: string,
    readonly body: unknown = undefined,
  ) {
    super(message);
  }
}

export interface Page<T> {
  items: T[];
  next?: string;
}

let csrf = "";
/** Remembers what proves to the server that a change comes from its own page. */
export const set_csrf = (token: string) => void (csrf = token);
export const csrf_header = (): Record<string, string> => (csrf ? { "X-CSRF-Token": csrf } : {});

/** Asks for what a change needs first: the password again, or signing in. True: try once more. */
type Unlock = (what: "password" | "sign_in") => Promise<boolean>;
let unlock: Unlock = async () => false;
/** For pages that may be read only after the password. */
export const ask_unlock = (what: "password" | "sign_in") => unlock(what);
export const set_unlock = (function_: Unlock) => void (unlock = function_);

function error_of(answer: Answer, headers?: Headers): ApiError {
  const body = answer.body as { error?: string; message?: string; error_description?: string } | string | null;
  const text =
    typeof body === "object" && body !== null
      ? (body.error_description ?? body.error ?? body.message ?? "")
      : typeof body === "string" && body.length < 500 && !body.startsWith("<")
        ? body
        : "";
  return new ApiError(
    answer.status,
    headers?.get("X-Error-Code") ?? "",
    text || `The hub answered with status ${answer.status}.`,
    headers?.get("X-Request-Id") ?? "",
    answer.body,
  );
}

async function fetch_once(method: string, path: string, body: unknown, more?: RequestInit): Promise<Response> {
  const changes = method !== "GET";
  const is_bytes = body instanceof Blob || typeof body === "string";
  try {
    return await fetch(path, {
      method,
      ...more,
      headers: {
        Accept: "application/json",
        ...(changes ? csrf_header() : {}),
        ...(body !== undefined && !is_bytes ? { "Content-Type": "application/json" } : {}),
        ...(more?.headers as Record<string, string> | undefined),
      },
      ...(body !== undefined ? { body: is_bytes ? (body as BodyInit) : JSON.stringify(body) } : {}),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "Offline", "The hub cannot be reached. Check the connection; nothing was changed.", "");
  }
}

async function answer_of(response: Response): Promise<Answer> {
  const text = await response.text();
  let body: unknown = text;
  if ((response.headers.get("Content-Type") ?? "").includes("json") && text) body = JSON.parse(text);
  const next = /<([^>]+)>;\s*rel="?next"?/.exec(response.headers.get("Link") ?? "")?.[1];
  if (!next) return { status: response.status, body };
  const url = new URL(next, location.href);
  return { status: response.status, body, next: url.pathname + url.search };
}

/** A question to the API. @throws ApiError for every status that is not 2xx. */
export async function get<T>(question: string | Post, more?: RequestInit): Promise<T> {
  return (await get_page<T>(question, more)).body as T;
}
async function get_page<T>(question: string | Post, more?: RequestInit): Promise<Answer & { body: T }> {
  const [method, path, body] =
    typeof question === "string" ? ["GET", question, undefined] : ["POST", question.path, question.body];
  const response = await fetch_once(method, path, body, more);
  const answer = await answer_of(response);
  if (!response.ok) throw error_of(answer, response.headers);
  return answer as Answer & { body: T };
}

/** One page of a list that goes on at `next`. */
export async function list<T>(path: string, more?: RequestInit): Promise<Page<T>> {
  const answer = await get_page<T[]>(path, more);
  return { items: answer.body, ...(answer.next ? { next: answer.next } : {}) };
}

let changed = () => {};
/** Told after every change that was stored. */
export const on_change = (function_: () => void) => void (changed = function_);
/** For changes that were made without `send`. */
export const note_change = () => changed();

/** A change. Asks for the password again, or for signing in, where the hub wants it. */
export async function send<T = unknown>(
  method: "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  body?: unknown,
  more?: RequestInit,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    const response = await fetch_once(method, path, body, more);
    const answer = await answer_of(response);
    if (response.ok) {
      changed();
      return answer.body as T;
    }
    const error = error_of(answer, response.headers);
    const wanted = error.code === "PasswordNeeded" ? "password" : error.status === 401 ? "sign_in" : null;
    const is_signing_in = path.startsWith("/api/-/v1/session");
    if (!wanted || is_signing_in || attempt > 0 || !(await unlock(wanted))) throw error;
  }
}

/** Asks the answers that came with a page first. */
export function asker(document: Document) {
  return {
    /** @throws ApiError as `get` does. */
    async ask<T>(question: string | Post): Promise<T> {
      const known = document.answers[answer_name(question)];
      if (!known) return get<T>(question);
      if (known.status >= 400) throw error_of(known);
      return known.body as T;
    },
    async ask_list<T>(path: string): Promise<Page<T>> {
      const known = document.answers[path];
      if (!known) return list<T>(path);
      if (known.status >= 400) throw error_of(known);
      return { items: known.body as T[], ...(known.next ? { next: known.next } : {}) };
    },
    /** The same, where "no" is an answer too. */
    async ask_or<T, U>(question: string | Post, otherwise: U): Promise<T | U> {
      try {
        return await this.ask<T>(question);
      } catch (error) {
        if (error instanceof ApiError) return otherwise;
        throw error;
      }
    },
  };
}
export type Asker = ReturnType<typeof asker>;

export const message_of = (error: unknown): string =>
  error instanceof ApiError
    ? error.message + (error.request_id ? ` (request ${error.request_id})` : "")
    : error instanceof Error
      ? error.message
      : String(error);
