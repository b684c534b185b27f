// What the page knows that belongs to no view: the person's settings, and how the server is.
import {getJson, NoConnection, pause, Problem} from './api.js';

const kSettings = 'jackdaw.settings';

function stored() {
  try {
    const value = JSON.parse(localStorage.getItem(kSettings) ?? '{}');
    return value && typeof value === 'object' ? value : {};
  } catch {
    return {};
  }
}

// {topK, rerank, writer: {provider, model}}; null where the server's own value counts.
export const settings = {
  value: {topK: null, rerank: null, writer: null, ...stored()},
  set(change) {
    Object.assign(this.value, change);
    try {
      localStorage.setItem(kSettings, JSON.stringify(this.value));
    } catch {
      // Without storage it holds until the page is left.
    }
  },
};

export const theme = {
  get() {
    try {
      return localStorage.getItem('jackdaw.theme') ?? 'system';
    } catch {
      return 'system';
    }
  },
  set(value) {
    try {
      localStorage.setItem('jackdaw.theme', value);
    } catch {
      document.documentElement.dataset.theme = value;
      return;
    }
    window.applyTheme();
  },
};

// `link`: 'ready', 'starting', 'lost', or '' before the first answer. `status` is that of GET /v1/status, null before.
export const server = {
  link: '',
  status: null,
  listeners: new Set(),
  watch(listener) {
    this.listeners.add(listener);
  },
  tell(link, status) {
    const was = this.link;
    this.link = link;
    if (status) this.status = status;
    for (const listener of this.listeners) listener();
    if (was !== link && (was === 'lost' || was === 'starting') && link === 'ready') document.dispatchEvent(new Event('jackdaw:reachable'));
  },
  limit: (name, otherwise) => server.status?.limits?.[name] ?? otherwise,
};

async function look() {
  try {
    const status = await getJson('/v1/status');
    server.tell(status.ready === false ? 'starting' : 'ready', status);
  } catch (error) {
    if (error instanceof NoConnection) server.tell('lost');
    else if (error instanceof Problem && error.status === 503) server.tell('starting');
    else server.tell('ready');
  }
}

// The person's choice of a writer; null where there is none, or the server does not offer it any more.
export function wantedWriter() {
  const {writer} = settings.value;
  const offered = server.status?.writers;
  return writer && (!offered || offered.some(({provider, models}) => provider === writer.provider && models.includes(writer.model))) ? writer : null;
}

let looking = null;
// Asks the server how it is, now; one question at a time.
export function lookNow() {
  looking ??= look().finally(() => (looking = null));
  return looking;
}

// Looks for ever: often while something is wrong, seldom while all is well.
export async function watchServer() {
  document.addEventListener('jackdaw:unreachable', () => server.link === 'lost' || server.tell('lost'));
  addEventListener('online', lookNow);
  addEventListener('offline', lookNow);  // this machine's own server may still be there
  for (;;) {
    await lookNow();
    const trouble = new AbortController();
    const wake = () => trouble.abort();
    document.addEventListener('jackdaw:unreachable', wake);
    await pause(server.link === 'ready' ? 20000 : 1500, server.link === 'ready' ? trouble.signal : undefined);
    document.removeEventListener('jackdaw:unreachable', wake);
  }
}
