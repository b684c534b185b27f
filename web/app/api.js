// Requests to this server, and what it answers when it refuses.
import {words} from './strings.js';

const kKeyName = 'jackdaw.key';

// What is kept as long as this tab; nothing where the browser keeps nothing.
export const tabMemory = {
  get(name) {
    try {
      return sessionStorage.getItem(name) ?? '';
    } catch {
      return '';
    }
  },
  set(name, text) {
    try {
      if (text) sessionStorage.setItem(name, text);
      else sessionStorage.removeItem(name);
    } catch {
      // Too long, or not allowed.
    }
  },
};

export const apiKey = {get: () => tabMemory.get(kKeyName), set: (key) => tabMemory.set(kKeyName, key)};

export const accessHeaders = () => (apiKey.get() ? {Authorization: `Bearer ${apiKey.get()}`} : {});

// A refusal, in the server's words where it has some.
export class Problem extends Error {
  constructor(status, body = {}, retryAfter = null) {
    const code = typeof body.code === 'string' ? body.code : '';
    super(words.errors[code] ?? (typeof body.detail === 'string' && body.detail ? body.detail : words.errors.status(status)));
    this.status = status;
    this.code = code;
    this.retryable = body.retryable === true;
    this.answerId = typeof body.answer_id === 'string' ? body.answer_id : null;
    this.retryAfter = Number(retryAfter) > 0 ? Number(retryAfter) : null;
  }

  static async from(response) {
    const body = await response.json().catch(() => ({}));
    return new Problem(response.status, body && typeof body === 'object' ? body : {}, response.headers.get('Retry-After'));
  }
}

// No answer at all: the server is away, or the network is.
export class NoConnection extends Error {
  constructor() {
    super(words.errors.offline);
  }
}

export function reportStatus(status) {
  if (status === 401) document.dispatchEvent(new Event('jackdaw:unauthenticated'));
}

// A response with a 2xx status; throws Problem, NoConnection, or the AbortError of options.signal.
export async function send(path, options = {}) {
  let response;
  try {
    response = await fetch(path, {...options, headers: {...accessHeaders(), ...options.headers}, cache: 'no-store', redirect: 'error'});
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    document.dispatchEvent(new Event('jackdaw:unreachable'));
    throw new NoConnection();
  }
  if (response.ok) return response;
  reportStatus(response.status);
  throw await Problem.from(response);
}

export async function getJson(path, options) {
  const response = await send(path, options);
  return response.status === 204 ? null : response.json();
}

export const sendJson = (method, path, value, options = {}) =>
  getJson(path, {method, ...options, headers: {'Content-Type': 'application/json', ...options.headers}, body: JSON.stringify(value)});

export const documentPath = (id, rest = '') => `/v1/documents/${encodeURIComponent(id)}${rest}`;
export const conversationPath = (id, rest = '') => `/v1/conversations/${encodeURIComponent(id)}${rest}`;
export const answerPath = (id, rest = '') => `/v1/answers/${encodeURIComponent(id)}${rest}`;

// Waits so many milliseconds, less when the network comes back or `signal` says so, or said so before.
export function pause(milliseconds, signal) {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener('online', done);
      document.removeEventListener('jackdaw:reachable', done);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    addEventListener('online', done);
    document.addEventListener('jackdaw:reachable', done);
    signal?.addEventListener('abort', done);
  });
}

// 0.5 s, 1 s, 2 s ... 15 s, and a little chance, so that many pages do not come back at the same moment.
export const backoff = (attempt) => Math.min(15000, 500 * 2 ** attempt) * (0.85 + Math.random() * 0.3);
