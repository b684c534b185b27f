// The page's cards: asking, adding and deleting documents, health. The reference below them is reference.js.
import {readEvents} from '/shared/event_stream.js';
import {accessHeaders, apiKey, countOf, element, Problem, readableBytes, readableTime, send, sendJson, sentenceFor} from './page.js';
import {showReference} from './reference.js';

const byId = (id) => document.getElementById(id);

function say(line, text, mood = '') {
  line.textContent = text;
  line.className = `status ${mood}`;
}

// ---- asking ---------------------------------------------------------------------------------------------------------

const kFinishNotes = {
  length: 'The answer was cut off at its length limit.',
  content_filter: 'The provider stopped the answer with its content filter.',
  no_evidence: 'The documents hold no answer to this.',
  other: 'The writer ended for a reason of its own; the answer may be incomplete.',
};
const kRerankNotes = {
  deadline: 'Reranking took too long and was skipped: the sources are in the order of the search.',
};
let asking = null;  // the AbortController of the running question

// One question from its first byte to its last. Each piece is on the page as soon as it is here.
class RunningAnswer {
  begin = performance.now();
  firstToken = 0;
  pieces = 0;
  ended = false;

  take(data) {
    const event = JSON.parse(data);
    if (event.error) {
      this.ended = true;
      const again = event.error.retryable ? ' Asking again may help.' : '';
      say(byId('ask-status'), `The answer broke off: ${event.error.message} (${event.error.code}).${again}`, 'bad');
    } else if (event.sources) {
      this.ended = true;
      showSources(event.sources);
      const notes = [kFinishNotes[event.finish_reason], kRerankNotes[event.rerank_skipped]].filter(Boolean);
      say(byId('ask-status'), [this.timing(), ...notes].join(' '), notes.length ? 'warn' : '');
    } else if (event.token !== undefined) {
      this.pieces++;
      this.firstToken ||= performance.now();
      byId('answer').append(event.token);
      say(byId('ask-status'), this.timing());
    }
  }

  timing() {
    if (!this.pieces) return `No text came, after ${readableTime(performance.now() - this.begin)}.`;
    return `First token after ${readableTime(this.firstToken - this.begin)}, ${countOf(this.pieces, 'piece')} in ${
      readableTime(performance.now() - this.begin)}.`;
  }
}

async function ask(question) {
  asking = new AbortController();
  const running = new RunningAnswer();
  setAsking(true);
  try {
    const response = await send('/query/stream', {
      method: 'POST',
      headers: {'Content-Type': 'application/json', Accept: 'text/event-stream'},
      body: JSON.stringify({question, top_k: Number(byId('top-k').value), rerank: byId('rerank').checked}),
      signal: asking.signal,
    });
    if (!response.ok) throw await Problem.from(response);
    for await (const event of readEvents(response.body)) running.take(event.data);
    if (!running.ended) throw new Error('The connection ended before the answer was complete.');
  } catch (error) {
    if (error.name === 'AbortError') say(byId('ask-status'), `Stopped. ${running.pieces ? running.timing() : ''}`);
    else if (!running.ended) say(byId('ask-status'), running.pieces ? `The answer broke off. ${sentenceFor(error)}` : sentenceFor(error), 'bad');
  } finally {
    setAsking(false);
    asking = null;
  }
}

function setAsking(busy) {
  byId('ask-button').disabled = busy;
  byId('stop-button').disabled = !busy;
  byId('answer').setAttribute('aria-busy', String(busy));
  if (!busy) return;
  byId('answer').replaceChildren();
  showSources([]);
  say(byId('ask-status'), 'Searching the documents');
}

function showSources(sources) {
  byId('sources-title').hidden = sources.length === 0;
  byId('sources').replaceChildren(...sources.map((source) => element('li', {'data-chunk-id': String(source.chunk_id)},
    element('div', {className: 'head'},
      element('span', {className: 'name'}, source.filename ?? source.document_id),
      source.page ? element('span', {}, `page ${source.page_label || source.page}`) : null,
      element('span', {className: 'score', title: source.score_kind === 'rerank' ? 'probability by the reranker' : 'cosine similarity'},
        Number(source.score).toFixed(3))),
    element('blockquote', {}, source.text))));
}

byId('ask-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const question = byId('question').value.trim() || byId('question').placeholder;
  byId('question').value = question;
  if (!asking) ask(question);
});
byId('question').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  byId('ask-form').requestSubmit();
});
byId('stop-button').addEventListener('click', () => asking?.abort());

// ---- adding ---------------------------------------------------------------------------------------------------------

// fetch() tells nothing about how much of a body was sent, XMLHttpRequest does.
function post(file, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', '/upload');
    for (const [name, value] of Object.entries(accessHeaders())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onProgress(event.loaded / event.total);
    request.onerror = () => reject(new TypeError('network'));
    request.onload = () => {
      if (request.status === 401) document.dispatchEvent(new Event('unauthenticated'));
      let body = {};
      try {
        body = JSON.parse(request.responseText);
      } catch {
        // Not JSON; the status is what is known.
      }
      if (request.status === 200) resolve(body);
      else reject(new Problem(request.status, body, request.getResponseHeader('Retry-After')));
    };
    const form = new FormData();
    form.append('file', file);
    request.send(form);
  });
}

async function upload(file) {
  const bar = element('progress', {max: 1, value: 0, 'aria-label': `Sending ${file.name}`});
  const detail = element('div', {className: 'detail'}, `Sending ${readableBytes(file.size)}`);
  byId('upload-results').prepend(element('li', {}, element('div', {className: 'name'}, file.name), detail, bar));
  const begin = performance.now();
  try {
    const added = await post(file, (part) => {
      bar.value = part;
      if (part === 1) {
        bar.removeAttribute('value');
        detail.textContent = 'Reading and indexing';
      }
    });
    detail.textContent = `Ready: ${countOf(added.pages, 'page')}, ${countOf(added.chunks, 'passage')}, ${readableTime(performance.now() - begin)}`;
    detail.classList.add('good');
  } catch (error) {
    detail.textContent = sentenceFor(error);
    detail.classList.add('bad');
  }
  bar.remove();
}

// One after the other: the server reads them one after the other too, and each line then tells its own time.
let uploads = Promise.resolve();
function uploadAll(files) {
  for (const file of files) uploads = uploads.then(() => upload(file));
  uploads = uploads.then(() => listDocuments());
}

byId('upload-input').addEventListener('change', (event) => {
  uploadAll([...event.target.files]);
  event.target.value = '';
});
for (const kind of ['dragenter', 'dragover']) byId('drop').addEventListener(kind, () => byId('drop').classList.add('over'));
for (const kind of ['dragleave', 'drop']) byId('drop').addEventListener(kind, () => byId('drop').classList.remove('over'));
// A file dropped beside the zone would make the browser leave the page.
for (const kind of ['dragover', 'drop']) {
  document.addEventListener(kind, (event) => event.target === byId('upload-input') || event.preventDefault());
}

// ---- documents ------------------------------------------------------------------------------------------------------

async function listDocuments(after = '') {
  const status = byId('documents-status');
  try {
    const list = await sendJson(`/v1/documents?limit=50${after && `&after=${encodeURIComponent(after)}`}`);
    const items = list.documents.map(documentItem);
    if (after) byId('documents').append(...items);
    else byId('documents').replaceChildren(...items);
    byId('documents-more').hidden = !list.next;
    byId('documents-more').onclick = () => listDocuments(list.next);
    say(status, byId('documents').children.length ? '' : 'No documents yet. Add one above.');
  } catch (error) {
    say(status, sentenceFor(error), 'bad');
  }
}

function documentItem(listed) {
  const facts = [listed.status === 'ready' ? '' : listed.status, listed.pages ? countOf(listed.pages, 'page') : '', countOf(listed.chunks, 'passage'), readableBytes(listed.bytes),
    new Date(listed.created_at).toLocaleDateString()];
  const button = element('button', {type: 'button', className: 'small', 'aria-label': `Delete ${listed.filename}`}, 'Delete');
  const detail = element('div', {className: 'detail'}, facts.filter(Boolean).join(' · '));
  if (listed.error) detail.append(element('div', {className: 'bad'}, listed.error.message));
  const item = element('li', {className: 'item', 'data-document-id': listed.document_id},
    element('div', {}, element('div', {className: 'name'}, listed.filename), detail), button);
  button.addEventListener('click', () => {
    if (button.classList.contains('danger')) return deleteDocument(listed.document_id, detail);
    button.classList.add('danger');
    button.textContent = 'Really delete';
    setTimeout(() => {
      button.classList.remove('danger');
      button.textContent = 'Delete';
    }, 4000);
  });
  return item;
}

async function deleteDocument(id, detail) {
  try {
    await sendJson(`/v1/documents/${encodeURIComponent(id)}`, {method: 'DELETE'});
    await listDocuments();
  } catch (error) {
    detail.textContent = sentenceFor(error);
    detail.classList.add('bad');
  }
}

// ---- health, access, start ------------------------------------------------------------------------------------------

async function watchHealth() {
  const pill = byId('health');
  const was = pill.textContent;
  let [text, mood] = ['Unreachable', 'bad'];
  try {
    const response = await send('/health');
    if (response.ok) [text, mood] = ['Ready', 'good'];
    else if (response.status === 503) [text, mood] = ['Starting', 'warn'];
    else [text, mood] = [`Status ${response.status}`, 'bad'];
  } catch {
    // Not reachable, as the pill says.
  }
  if (text !== was) {
    pill.textContent = text;
    pill.className = `pill ${mood}`;
    if (text === 'Ready') listDocuments();
  }
  setTimeout(watchHealth, text === 'Ready' ? 15000 : 1500);
}

async function loadReference() {
  const status = byId('reference-status');
  try {
    showReference(byId('routes'), await sendJson('/openapi.json'));
    say(status, '');
  } catch (error) {
    say(status, `The description of the API could not be shown. ${sentenceFor(error)}`, 'bad');
  }
}

document.addEventListener('unauthenticated', () => {
  byId('access').hidden = false;
});
byId('access').addEventListener('submit', (event) => {
  event.preventDefault();
  apiKey.set(byId('api-key').value.trim());
  byId('access').hidden = true;
  listDocuments();
  loadReference();
});

watchHealth();
listDocuments();
loadReference();
