// What every part of the page uses: making elements, sending requests with the API key, reading problems.

// element('p', {class: 'status', hidden: true, onclick: f}, 'text', child, ...): properties where the element has them, else
// attributes. Text is always text, never markup.
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== ''));
  return made;
}

const kKeyName = 'jackdaw-api-key';
export const apiKey = {
  get: () => sessionStorage.getItem(kKeyName) ?? '',
  set: (key) => sessionStorage.setItem(kKeyName, key),
};

// The headers that say who asks; empty without a key.
export const accessHeaders = () => (apiKey.get() ? {Authorization: `Bearer ${apiKey.get()}`} : {});

// fetch() with the API key. Only ever to this server.
export async function send(path, options = {}) {
  const response = await fetch(path, {...options, headers: {...accessHeaders(), ...options.headers}});
  if (response.status === 401) document.dispatchEvent(new Event('unauthenticated'));
  return response;
}

// A refused request as people read it: the sentence of its application/problem+json body, with code and request id.
export class Problem extends Error {
  constructor(status, body, retryAfter) {
    super(body.detail || body.title || `The server answered with status ${status}.`);
    this.code = body.code ?? '';
    this.requestId = body.request_id ?? '';
    this.retryAfter = retryAfter;
  }

  static async from(response) {
    let body = {};
    try {
      body = JSON.parse(await response.text());
    } catch {
      // Not JSON: a proxy's page, or nothing. The status says what is known.
    }
    return new Problem(response.status, body ?? {}, response.headers.get('Retry-After'));
  }

  get sentence() {
    const notes = [this.code, this.retryAfter && `try again in ${this.retryAfter} s`, this.requestId && `request ${this.requestId}`];
    const note = notes.filter(Boolean).join(', ');
    return note ? `${this.message} (${note})` : this.message;
  }
}

// What went wrong, in one sentence, for anything that was thrown.
export function sentenceFor(error) {
  if (error instanceof Problem) return error.sentence;
  if (error instanceof TypeError) return 'The server cannot be reached. Is it still running?';
  return error.message;
}

export async function sendJson(path, options) {
  const response = await send(path, options);
  if (!response.ok) throw await Problem.from(response);
  return response.status === 204 ? null : response.json();
}

export function readableBytes(bytes) {
  const units = ['B', 'KB', 'MB', 'GB'];
  let unit = 0;
  for (; bytes >= 1000 && unit < units.length - 1; unit++) bytes /= 1000;
  return `${unit === 0 || bytes >= 100 ? Math.round(bytes) : bytes.toFixed(1)} ${units[unit]}`;
}

export const readableTime = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

export const countOf = (count, noun) => `${count} ${noun}${count === 1 ? '' : 's'}`;
