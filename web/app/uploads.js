// Files on their way to the server: two at a time, again after a lost connection, with a pause when the server asks for one.
import {accessHeaders, backoff, NoConnection, pause, Problem, reportStatus} from './api.js';
import {server} from './state.js';
import {words} from './strings.js';

const kAtOnce = 2;
const kIgnored = /^(\.|Thumbs\.db$|desktop\.ini$|__MACOSX$)/i;

// Every file of what was dropped, folders walked. To be called while the drop event is handled.
export function filesOfDrop(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return Promise.resolve([...transfer.files]);
  const files = [];
  const walk = async (entry) => {
    if (kIgnored.test(entry.name)) return;
    if (entry.isFile) {
      await new Promise((resolve) => entry.file((file) => resolve(files.push(file)), resolve));
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
      if (!some.length) return;
      for (const child of some) await walk(child);
    }
  };
  return Promise.all(entries.map(walk)).then(() => files);
}

export const filesOfPicker = (list) => [...list].filter((file) => !(file.webkitRelativePath || file.name).split('/').some((part) => kIgnored.test(part)));

// fetch() does not tell how much of a body was sent, XMLHttpRequest does. Gives {document, known}.
function post(entry, told) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', '/v1/documents');
    for (const [name, value] of Object.entries(accessHeaders())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => told(event.total ? event.loaded / event.total : 0);
    request.onerror = () => reject(new NoConnection());
    request.onload = () => {
      let body = {};
      try {
        body = JSON.parse(request.responseText);
      } catch {
        // The status is what is known.
      }
      if (request.status < 300) return resolve({document: body, known: request.status === 200});
      reportStatus(request.status);
      return reject(new Problem(request.status, body ?? {}, request.getResponseHeader('Retry-After')));
    };
    const form = new FormData();
    form.append('file', entry.file, entry.name);
    request.send(form);
  });
}

// A file that was changed or deleted since it was chosen fails like a lost connection.
const isReadable = (file) => file.slice(0, 1).arrayBuffer().then(() => true, () => false);

function wordsFor(problem) {
  if (problem.status === 413) return words.documents.tooLarge(server.limit('upload_bytes', 0));
  return problem.status === 415 ? words.documents.unsupported : problem.message;
}

export class Uploads {
  // `changed()`: what is to be shown is different; `added(document, known)`: a file was taken.
  constructor(changed, added) {
    this.changed = changed;
    this.added = added;
    this.waiting = [];
    this.sending = [];
    this.failed = [];
    this.done = 0;
    this.all = 0;
    this.held = '';
  }

  get busy() {
    return this.waiting.length + this.sending.length > 0;
  }

  add(files) {
    if (!this.busy) this.done = this.all = 0;
    for (const file of files) {
      const entry = {file, name: file.name, part: 0, attempt: 0, error: ''};
      const limit = server.limit('upload_bytes', Infinity);
      if (file.size > limit) this.fail(entry, words.documents.tooLarge(limit));
      else if (file.size === 0) this.fail(entry, words.documents.skippedEmpty);
      else this.waiting.push(entry);
    }
    this.all += files.length;
    this.next();
  }

  fail(entry, error) {
    this.failed = [...this.failed, {...entry, error}];
    this.done++;
  }

  dismiss(entry) {
    this.failed = this.failed.filter((other) => other !== entry);
    this.changed();
  }

  retry(entry) {
    this.failed = this.failed.filter((other) => other !== entry);
    this.add([entry.file]);
  }

  next() {
    while (!this.held && this.sending.length < kAtOnce && this.waiting.length) this.send(this.waiting.shift());
    this.changed();
  }

  async send(entry) {
    this.sending.push(entry);
    try {
      const {document, known} = await post(entry, (part) => {
        entry.part = part;
        this.changed();
      });
      this.done++;
      this.added(document, known);
    } catch (error) {
      await this.refused(entry, error);
    }
    this.sending = this.sending.filter((other) => other !== entry);
    this.next();
  }

  async refused(entry, error) {
    const away = error instanceof NoConnection;
    if (away && !await isReadable(entry.file)) return this.fail(entry, words.documents.unreadable);
    const later = away || error.status === 429 || error.status === 503;
    if (!later) return this.fail(entry, wordsFor(error));
    const seconds = away ? 0 : Math.min(60, error.retryAfter ?? 2);
    this.held = away ? words.documents.heldLink : words.documents.held(seconds);
    this.changed();
    await pause(away ? backoff(entry.attempt++) : seconds * 1000);
    this.held = '';
    this.waiting.unshift({...entry, part: 0});
    return undefined;
  }
}
