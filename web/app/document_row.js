// One document in the list.
import {el, icon, iconButton} from './dom.js';
import {openMenu} from './overlays.js';
import {countOf, dateOf, sizeOf, timeLeft, words} from './strings.js';

const kActive = new Set(['queued', 'extracting', 'embedding']);
const kKinds = {pdf: 'pdf', xls: 'sheet', xlsx: 'sheet', ods: 'sheet', csv: 'sheet', tsv: 'sheet', html: 'page', htm: 'page', eml: 'page', md: 'page', epub: 'page'};

export const isActive = (document) => kActive.has(document.status) || (document.replacement && kActive.has(document.replacement.status));
export const titleOf = (document) => document.title || document.filename;

function kindTile(filename) {
  const ending = /\.([a-z0-9]{1,4})$/i.exec(filename ?? '')?.[1].toLowerCase() ?? '';
  return el('span', {class: `kind ${kKinds[ending] ?? ''}`, 'aria-hidden': 'true'}, ending ? ending.toUpperCase() : icon('files'));
}

// How far it is: {part: 0..1 or null, text}.
function progressOf({status, progress}) {
  const name = words.documents.state[status];
  if (!progress || status === 'queued') return {part: null, text: name};
  const [at, all, text] = status === 'embedding' ? [progress.chunk, progress.chunks, words.documents.passageOf] : [progress.page, progress.pages, words.documents.pageOf];
  const parts = [name, all ? text(at, all) : '', progress.recognizing ? words.documents.recognizing : '', progress.eta_s != null ? timeLeft(progress.eta_s) : ''];
  // Reading is taken for the first three quarters.
  const part = all ? (status === 'embedding' ? 0.75 + 0.25 * (at / all) : 0.75 * (at / all)) : null;
  return {part, text: parts.filter(Boolean).join(', ')};
}

function progressLine(state, label) {
  const {part, text} = progressOf(state);
  return [el('span', {class: 'facts'}, text), el('progress', {max: 1, value: part, 'aria-label': label})];
}

export class DocumentRow {
  // `actions`: open, askAbout, edit, download, remove, stop, retry, unlock (each with the row's document), filterTag(tag).
  constructor(document, actions) {
    this.actions = actions;
    this.root = el('li', {class: 'doc', 'data-testid': 'document'});
    this.update(document);
  }

  update(document) {
    const shape = JSON.stringify(document);
    if (shape === this.shape) return;
    this.shape = shape;
    this.document = document;
    this.root.dataset.status = document.status;
    this.root.dataset.id = document.document_id;
    const focused = this.root.contains(window.document.activeElement) ? window.document.activeElement.dataset.testid : null;
    this.root.replaceChildren(kindTile(document.filename), el('div', {class: 'main'}, this.head(), this.facts(), this.state()), el('div', {class: 'acts'}, this.buttons()));
    if (focused) this.root.querySelector(`[data-testid="${focused}"]`)?.focus();
  }

  head() {
    const {document, actions} = this;
    const title = titleOf(document);
    const name = document.status === 'ready'
      ? el('button', {type: 'button', 'data-testid': 'document-name', onclick: () => actions.open(document)}, title) : el('b', {'data-testid': 'document-name'}, title);
    return el('div', {class: 'title'}, name,
      (document.tags ?? []).map((tag) => el('button', {type: 'button', class: 'tag', title: words.documents.filterTag(tag), onclick: () => actions.filterTag(tag)}, tag)));
  }

  facts() {
    const {document} = this;
    const parts = [titleOf(document) === document.filename ? '' : document.filename, document.pages ? countOf(document.pages, 'page') : '', sizeOf(document.bytes), dateOf(document.created_at)];
    return el('span', {class: 'facts'}, parts.filter(Boolean).join(' · '));
  }

  why(tone, name, text) {
    return el('span', {class: `why ${tone}`, 'data-testid': 'why'}, icon(name), el('span', {}, text));
  }

  state() {
    const {document} = this;
    const parts = [];
    if (kActive.has(document.status)) parts.push(...progressLine(document, titleOf(document)));
    if (document.status === 'failed') {
      const locked = document.error?.code === 'encrypted_document';
      parts.push(this.why('', locked ? 'lock' : 'warn', locked ? words.documents.encrypted : document.error?.message ?? words.documents.state.failed));
    }
    if (document.status === 'cancelled') parts.push(this.why('quiet', 'info', words.documents.state.cancelled));
    if (document.status === 'ready' && document.error) parts.push(this.why('warn', 'warn', document.error.message));
    if (document.status === 'ready' && document.pages_without_text?.length) parts.push(this.why('warn', 'info', words.documents.withoutText(document.pages_without_text)));
    if (document.replacement) parts.push(...this.replacement(document.replacement));
    return parts;
  }

  replacement(replacement) {
    if (kActive.has(replacement.status)) return [el('span', {class: 'facts'}, words.documents.replacement), ...progressLine(replacement, titleOf(this.document))];
    return replacement.error ? [this.why('warn', 'warn', replacement.error.message)] : [];
  }

  buttons() {
    const {document, actions} = this;
    const button = (label, action, testid) => el('button', {type: 'button', class: 'button small', 'data-testid': testid, onclick: () => action(document)}, label);
    const locked = document.error?.code === 'encrypted_document';
    const parts = [];
    if (isActive(document)) parts.push(iconButton('close', words.documents.stop, () => actions.stop(document), {'data-testid': 'stop-document'}));
    else if (document.status === 'failed' && locked) parts.push(button(words.documents.unlock, actions.unlock, 'unlock'));
    else if (document.status === 'failed' || document.status === 'cancelled' || document.replacement) parts.push(button(words.documents.retry, actions.retry, 'retry'));
    const more = iconButton('more', words.documents.actions(titleOf(document)), () => openMenu(more, this.menu()), {'aria-haspopup': 'menu', 'aria-expanded': 'false', 'data-testid': 'document-menu'});
    return [...parts, more];
  }

  menu() {
    const {document, actions} = this;
    const ready = document.status === 'ready';
    return [
      ready ? {icon: 'files', label: words.documents.open, action: () => actions.open(document)} : null,
      ready ? {icon: 'ask', label: words.documents.askAbout, action: () => actions.askAbout(document)} : null,
      {icon: 'tag', label: words.documents.edit, action: () => actions.edit(document)},
      ready ? {icon: 'download', label: words.documents.download, action: () => actions.download(document)} : null,
      {icon: 'trash', label: words.documents.remove, danger: true, action: () => actions.remove(document)},
    ].filter(Boolean);
  }
}
