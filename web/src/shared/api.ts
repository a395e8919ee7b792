// SPDX-License-Identifier: Apache-2.0
// One way to the platform: JSON in and out, the session cookie by the browser, the CSRF token in a header.

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** Seconds that the platform asks to wait, 0 when it does not say. */
    readonly retryAfter = 0,
    /** The answer's body: a refused import explains itself row by row. */
    readonly detail?: unknown,
  ) {
    super(message);
  }
}

/** True when a request was given up by ourselves. */
export function isAbort(e: unknown): boolean {
  return e instanceof DOMException && e.name === 'AbortError';
}

let csrf = '';
let onUnauthorized: () => void = () => {};

export function setCsrf(token: string): void {
  csrf = token;
}

export function setUnauthorizedHandler(handler: () => void): void {
  onUnauthorized = handler;
}

type Query = Record<string, string | number | null | undefined>;

export function url(path: string, query: Query = {}): string {
  const q = new URLSearchParams();
  for (const [k, v] of Object.entries(query)) if (v !== null && v !== undefined && v !== '') q.set(k, String(v));
  const text = q.toString();
  return `/v1/${path}${text ? `?${text}` : ''}`;
}

interface Options {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  body?: unknown;
  signal?: AbortSignal | undefined;
  /** The caller handles 401 itself (signing in, asking who we are). */
  quiet401?: boolean;
}

async function send(address: string, o: Options): Promise<Response> {
  const method = o.method ?? 'GET';
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (method !== 'GET' && csrf) headers['X-CSRF-Token'] = csrf;
  const init: RequestInit = { method, headers, credentials: 'same-origin', cache: 'no-store' };
  if (o.body instanceof Blob) {
    // What a browser calls a file depends on the machine: the platform looks into it anyway.
    headers['Content-Type'] = 'application/octet-stream';
    init.body = o.body;
  } else if (o.body !== undefined) {
    headers['Content-Type'] = 'application/json';
    init.body = JSON.stringify(o.body);
  }
  if (o.signal) init.signal = o.signal;
  let reply: Response;
  try {
    reply = await fetch(address, init);
  } catch (e) {
    if (isAbort(e)) throw e;
    throw new ApiError(0, 'NETWORK', 'no connection');
  }
  if (reply.ok) return reply;
  let code = `HTTP_${reply.status}`;
  let message = reply.statusText;
  let detail: unknown;
  try {
    const body = (await reply.json()) as { error?: { code?: string; message?: string } };
    detail = body;
    code = body.error?.code ?? code;
    message = body.error?.message ?? message;
  } catch {
    // An answer without our error body: the status says enough.
  }
  if (reply.status === 401 && !o.quiet401) onUnauthorized();
  throw new ApiError(reply.status, code, message, Number(reply.headers.get('Retry-After')) || 0, detail);
}

export async function request<T>(path: string, query: Query = {}, options: Options = {}): Promise<T> {
  const reply = await send(url(path, query), options);
  if (reply.status === 204) return undefined as T;
  const text = await reply.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

/** Fetches a file and hands it to the browser's download; errors come back as errors and not as a broken file. */
export async function download(path: string, query: Query, name: string): Promise<void> {
  const reply = await send(url(path, query), {});
  const said = /filename="?([^";]+)"?/.exec(reply.headers.get('Content-Disposition') ?? '')?.[1];
  const address = URL.createObjectURL(await reply.blob());
  const a = document.createElement('a');
  a.href = address;
  a.download = said ?? name;
  document.body.append(a);
  a.click();
  a.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
