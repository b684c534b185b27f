// The view of the documents: adding, the list, what is being read.
import {documentPath, getJson, pause, send, sendJson} from './api.js';
import {DocumentRow, isActive, titleOf} from './document_row.js';
import {announce, byId, el, icon, iconButton, saveBlob, settled} from './dom.js';
import {askDialog, doUnlessUndone, say} from './overlays.js';
import {lookNow, server} from './state.js';
import {sizeOf, words} from './strings.js';
import {tagEditor} from './tag_editor.js';
import {filesOfDrop, filesOfPicker, Uploads} from './uploads.js';

const kFilters = {all: '', reading: 'queued', failed: 'failed'};
const kMostLookups = 12;  // documents asked for one by one after they left the queue, at a time

export class DocumentsView {
  // `actions`: openDocument(document), askAbout(document), removed(id).
  constructor(actions) {
    this.actions = actions;
    this.rows = new Map();
    this.hidden = new Map();  // deleted, as long as it can be undone: its id, and what takes it back
    this.fresh = [];  // taken while the list was being read
    this.filter = {status: 'all', text: '', tag: ''};
    this.active = 0;
    this.uploads = new Uploads(() => this.drawWork(), (document, known) => this.added(document, known));
    this.build();
    this.watchEnd();
    // Files that were not sent yet would be forgotten.
    addEventListener('beforeunload', (event) => this.uploads.busy && event.preventDefault());
  }

  // ---- the fixed parts ----------------------------------------------------------------------------------------------

  build() {
    const {documents} = words;
    const picker = (attributes) => {
      const input = el('input', {type: 'file', multiple: true, class: 'visually-hidden', tabindex: -1, 'aria-hidden': 'true', ...attributes});
      input.addEventListener('change', () => {
        this.addFiles(filesOfPicker(input.files));
        input.value = '';
      });
      return input;
    };
    const files = picker({'data-testid': 'file-input', id: 'file-input'});
    const folder = picker({webkitdirectory: true, 'data-testid': 'folder-input'});
    this.drop = el('div', {class: 'drop', 'data-testid': 'drop'}, el('span', {class: 'tile'}, icon('upload')),
      el('div', {class: 'words'}, el('b', {}, documents.drop), el('span', {}, documents.dropMore)),
      el('div', {class: 'row'},
        el('button', {type: 'button', class: 'button primary', 'data-testid': 'choose', onclick: () => files.click()}, icon('plus'), documents.choose),
        el('button', {type: 'button', class: 'button', onclick: () => folder.click()}, icon('folder'), documents.chooseFolder)), files, folder);
    this.segments = el('div', {class: 'segments', role: 'group', 'aria-label': documents.title});
    this.search = el('input', {type: 'search', class: 'field', placeholder: documents.filter, 'aria-label': documents.filter, 'data-testid': 'filter'});
    this.search.addEventListener('input', settled(() => this.setFilter({text: this.search.value.trim()}), 200));
    this.tagLine = el('div', {class: 'tag-filter', hidden: true});
    this.work = el('div', {class: 'work', 'data-testid': 'work', hidden: true});
    this.trouble = el('ul', {class: 'rows', 'data-testid': 'upload-failures'});
    this.list = el('ul', {class: 'rows', 'data-testid': 'documents'});
    this.end = el('div', {class: 'list-end', 'data-testid': 'list-end'});
    byId('documents-view').append(el('div', {class: 'documents'}, this.drop,
      this.tools = el('div', {class: 'tools'}, this.segments, this.tagLine, el('label', {class: 'search'}, icon('search'), this.search)),
      this.work, this.trouble, this.list, this.end));
    this.drawSegments();
  }

  drawSegments() {
    this.segments.replaceChildren(...Object.keys(kFilters).map((name) => el('button', {type: 'button', 'aria-pressed': String(this.filter.status === name), 'data-testid': `show-${name}`,
      onclick: () => this.setFilter({status: name})}, words.documents[name])));
    this.tagLine.hidden = !this.filter.tag;
    if (this.filter.tag) {
      this.tagLine.replaceChildren(el('span', {class: 'scope'}, el('span', {}, this.filter.tag),
        iconButton('close', words.documents.clearTag(this.filter.tag), () => this.setFilter({tag: ''}), {class: 'small'})));
    }
  }

  setFilter(change) {
    Object.assign(this.filter, change);
    this.drawSegments();
    this.load();
  }

  // ---- the list -----------------------------------------------------------------------------------------------------

  query(after) {
    const {status, text, tag} = this.filter;
    const query = new URLSearchParams({limit: '50'});
    if (kFilters[status]) query.set('status', kFilters[status]);
    if (text) query.set('q', text);
    if (tag) query.set('tag', tag);
    if (after) query.set('after', after);
    return query;
  }

  async load(after = '') {
    const turn = this.turn = (this.turn ?? 0) + 1;
    this.loading = true;
    if (!after) this.fresh = [];
    try {
      const {documents, next} = await getJson(`/v1/documents?${this.query(after)}`);
      if (turn !== this.turn) return;
      if (!after) this.clear();
      for (const document of documents) this.row(document);
      for (const document of this.fresh.splice(0)) this.row(document, true);
      this.next = next;
      this.failure = '';
      this.drawEnd();
      if (documents.some(isActive)) this.poll();
      if (this.next && this.visible() === 0) this.load(this.next);  // a page of nothing that can be shown
    } catch (error) {
      if (turn !== this.turn) return;
      this.failure = error.message;
      this.next = null;
      this.drawEnd();
      document.addEventListener('jackdaw:reachable', () => this.failure && this.load(), {once: true});
    } finally {
      if (turn === this.turn) this.loading = false;
    }
  }

  clear() {
    this.rows.clear();
    this.list.replaceChildren();
  }

  // The row of a document, made or brought up to date.
  row(document, first = false) {
    let row = this.rows.get(document.document_id);
    if (row) {
      row.update(document);
      return row;
    }
    row = new DocumentRow(document, this.rowActions());
    row.root.hidden = this.hidden.has(document.document_id);
    this.rows.set(document.document_id, row);
    if (first) this.list.prepend(row.root);
    else this.list.append(row.root);
    return row;
  }

  rowActions() {
    return this.bound ??= {
      open: (document) => this.actions.openDocument(document),
      askAbout: (document) => this.actions.askAbout(document),
      edit: (document) => this.edit(document),
      download: (document) => this.download(document),
      remove: (document) => this.remove(document),
      stop: (document) => this.change(document, '/cancel'),
      retry: (document) => this.change(document, '/retry'),
      unlock: (document) => this.unlock(document),
      filterTag: (tag) => this.setFilter({tag}),
    };
  }

  visible() {
    return [...this.rows.values()].filter((row) => !row.root.hidden).length;
  }

  drawEnd() {
    const {documents} = words;
    const filtered = this.filter.text || this.filter.tag;
    const empty = this.visible() === 0 && !this.next;
    const nothing = empty && !filtered && this.filter.status === 'all' && !this.uploads.busy;
    this.tools.hidden = nothing && !this.failure && !this.uploads.failed.length;
    const more = this.next ? [el('button', {type: 'button', class: 'button', 'data-testid': 'load-more', onclick: () => this.load(this.next)}, documents.loadMore)] : [];
    if (this.failure) this.end.replaceChildren(this.blank('', documents.listFailed(this.failure), el('button', {type: 'button', class: 'button', onclick: () => this.load()}, words.tryAgain)));
    else if (nothing) this.end.replaceChildren(this.blank(documents.emptyTitle, documents.emptyText));
    else if (empty && !this.uploads.busy) this.end.replaceChildren(this.blank('', filtered ? documents.noneFound : this.filter.status === 'reading' ? documents.noneReading : documents.noneFailed));
    else this.end.replaceChildren(...more);
  }

  blank(title, text, ...buttons) {
    return el('div', {class: 'blank', 'data-testid': 'blank'}, title ? el('h2', {}, title) : null, el('p', {}, text), buttons.length ? el('div', {class: 'row'}, buttons) : null);
  }

  // More rows when the end comes into view.
  watchEnd() {
    new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting) && this.next && !this.loading) this.load(this.next);
    }, {root: byId('documents-view'), rootMargin: '600px'}).observe(this.end);
  }

  // ---- adding -------------------------------------------------------------------------------------------------------

  async addDrop(transfer) {
    this.addFiles(await filesOfDrop(transfer));
  }

  addFiles(files) {
    if (!files.length) return say(words.documents.noFiles);
    if (this.filter.status !== 'all' || this.filter.text || this.filter.tag) {
      this.search.value = '';
      this.setFilter({status: 'all', text: '', tag: ''});
    }
    this.uploads.add(files);
    return undefined;
  }

  added(document, known) {
    this.hidden.get(document.document_id)?.();
    if (this.loading) this.fresh.push(document);
    const row = this.row(document, !known);
    if (known) {
      this.list.prepend(row.root);
      say(`${titleOf(document)}: ${words.documents.known}`);
    }
    this.drawEnd();
    lookNow();
    this.poll();
  }

  drawWork() {
    const {uploads} = this;
    const parts = [];
    if (uploads.busy) {
      const sent = uploads.done + uploads.sending.reduce((sum, entry) => sum + entry.part, 0);
      parts.push(el('span', {}, uploads.held || words.documents.sent(uploads.done, uploads.all)), el('progress', {max: uploads.all, value: sent, 'aria-label': words.documents.sent(uploads.done, uploads.all)}));
    } else if (this.active > 1) {
      parts.push(el('span', {}, words.documents.working(this.active, this.moreActive)));
    }
    this.work.hidden = !parts.length;
    this.work.replaceChildren(...parts);
    this.drawTrouble();
    this.drawEnd();
  }

  drawTrouble() {
    const {failed} = this.uploads;
    if (this.troubleShown === failed) return;
    this.troubleShown = failed;
    this.trouble.replaceChildren(...failed.map((entry) => el('li', {class: 'doc', 'data-testid': 'upload-failure'}, el('span', {class: 'kind', 'aria-hidden': 'true'}, icon('warn')),
      el('div', {class: 'main'}, el('div', {class: 'title'}, el('b', {}, entry.name)), el('span', {class: 'facts'}, sizeOf(entry.file.size)),
        el('span', {class: 'why', 'data-testid': 'why'}, icon('warn'), el('span', {}, entry.error))),
      el('div', {class: 'acts'}, el('button', {type: 'button', class: 'button small', onclick: () => this.uploads.retry(entry)}, words.tryAgain),
        iconButton('close', words.documents.dismiss(entry.name), () => this.uploads.dismiss(entry))))));
  }

  // ---- what is being read -------------------------------------------------------------------------------------------

  // Looks at the queue until it is empty; one such look at a time.
  async poll() {
    if (this.polling) return;
    this.polling = true;
    let quiet = 0;
    while (quiet < 2) {
      try {
        quiet = (await this.look()) ? 0 : quiet + 1;
      } catch {
        await pause(2000);
      }
      if (quiet < 2) await pause(document.hidden ? 5000 : 700);
    }
    this.polling = false;
  }

  async look() {
    const {documents, next} = await getJson('/v1/documents?status=queued&limit=200');
    const working = new Set(documents.map((document) => document.document_id));
    for (const document of documents) if (this.rows.has(document.document_id)) this.row(document);
    const left = [...this.rows.values()].filter((row) => isActive(row.document) && !working.has(row.document.document_id)).slice(0, kMostLookups);
    await Promise.all(left.map(async (row) => {
      const now = await getJson(documentPath(row.document.document_id)).catch(() => null);
      if (now) row.update(now);
      else if (this.rows.get(row.document.document_id) === row) this.forget(row.document.document_id);
      if (now && !isActive(now)) announce(`${titleOf(now)}: ${words.documents.state[now.status]}`);
    }));
    if (left.length) lookNow();
    this.active = documents.length;
    this.moreActive = Boolean(next);
    this.drawWork();
    return documents.length > 0 || this.uploads.busy;
  }

  forget(id) {
    this.rows.get(id)?.root.remove();
    this.rows.delete(id);
    this.drawEnd();
  }

  // ---- what a person does with one ----------------------------------------------------------------------------------

  async change(document, what, body = {}) {
    try {
      const now = await sendJson('POST', documentPath(document.document_id, what), body);
      if (now?.document_id) this.row(now);
    } catch (error) {
      say(error.message);
    }
    await this.refresh(document.document_id);
    this.poll();
  }

  async refresh(id) {
    try {
      this.row(await getJson(documentPath(id)));
    } catch (error) {
      if (error.status === 404) this.forget(id);
    }
  }

  async unlock(document) {
    const field = el('input', {type: 'password', class: 'field', required: true, autocomplete: 'off', 'data-testid': 'password'});
    const password = await askDialog({title: words.documents.passwordTitle(titleOf(document)), text: words.documents.passwordText, send: words.documents.passwordSend,
      fields: el('label', {}, words.documents.password, field), read: () => field.value, testid: 'password-dialog'});
    if (password) await this.change(document, '/retry', {password});
  }

  async edit(document) {
    const title = el('input', {class: 'field', maxlength: 500, value: document.title ?? '', placeholder: document.filename, 'data-testid': 'edit-title'});
    const tags = tagEditor(document.tags ?? []);
    const value = await askDialog({title: words.documents.editTitle, send: words.save, testid: 'edit-dialog',
      fields: [el('label', {}, words.documents.docTitle, title), el('div', {}, el('label', {for: 'tag-field'}, words.documents.tags), tags.root)],
      read: () => ({title: title.value.trim(), tags: tags.read()})});
    if (!value) return;
    try {
      this.row(await sendJson('PATCH', documentPath(document.document_id), value));
    } catch (error) {
      say(error.message);
    }
  }

  async download(document) {
    try {
      const response = await send(documentPath(document.document_id, '/content'));
      saveBlob(await response.blob(), document.filename);
    } catch (error) {
      say(error.message);
    }
  }

  // Gone from the list at once; from the server when nobody took it back.
  remove(document) {
    const id = document.document_id;
    const takeBack = doUnlessUndone(words.documents.removed(titleOf(document)), (leaving) => this.removeNow(document, leaving), () => this.hide(id, null));
    this.hide(id, takeBack);
  }

  hide(id, takeBack) {
    if (takeBack) this.hidden.set(id, takeBack);
    else this.hidden.delete(id);
    const row = this.rows.get(id);
    if (row) row.root.hidden = Boolean(takeBack);
    this.drawEnd();
  }

  async removeNow(document, leaving) {
    const id = document.document_id;
    try {
      await send(documentPath(id), {method: 'DELETE', keepalive: leaving});
    } catch (error) {
      if (error.status !== 404) {
        this.hide(id, null);
        return say(words.documents.removeFailed(titleOf(document), error.message));
      }
    }
    this.hidden.delete(id);
    this.forget(id);
    this.actions.removed(id);
    return lookNow();
  }

  // The view was opened.
  shown() {
    if (!this.loaded) this.load();
    this.loaded = true;
    this.poll();
    if (server.link === 'ready') lookNow();
  }
}
