// The panel beside the answer: the place that a claim comes from.
import {documentPath, getJson, send} from './api.js';
import {byId, el, icon, iconButton, saveBlob} from './dom.js';
import {askDialog, say} from './overlays.js';
import {showPassage} from './passage_pages.js';
import {PdfPages} from './pdf_pages.js';
import {nameOf, placeOf} from './sources.js';
import {words} from './strings.js';

function askPassword(name) {
  const field = el('input', {type: 'password', class: 'field', required: true, autocomplete: 'off', 'data-testid': 'viewer-password'});
  return askDialog({title: words.documents.passwordTitle(name), text: words.viewer.locked, send: words.documents.open,
    fields: el('label', {}, words.documents.password, field), read: () => field.value, testid: 'viewer-password-dialog'});
}

export class Viewer {
  constructor() {
    this.root = byId('viewer');
    this.root.setAttribute('aria-label', words.viewer.label);
    this.title = el('h2', {'data-testid': 'viewer-title'});
    this.place = el('p', {'data-testid': 'viewer-place'});
    this.quote = el('div', {class: 'viewer-quote', 'data-testid': 'viewer-quote'});
    this.body = el('div', {class: 'viewer-body', tabindex: 0, role: 'region', 'aria-label': words.viewer.label});
    const button = (name, label, action, testid) => iconButton(name, label, action, {'data-testid': testid});
    this.pdfTools = [
      button('up', words.viewer.previousMark, () => this.step(-1), 'previous-mark'), button('down', words.viewer.nextMark, () => this.step(1), 'next-mark'),
      button('minus', words.viewer.zoomOut, () => this.pages?.setZoom(-1), 'zoom-out'), button('plus', words.viewer.zoomIn, () => this.pages?.setZoom(1), 'zoom-in')];
    this.closer = button('close', words.viewer.close, () => this.close(), 'viewer-close');
    this.root.append(
      el('div', {class: 'viewer-bar'}, el('div', {class: 'viewer-name'}, this.title, this.place), this.pdfTools,
        button('download', words.viewer.download, () => this.download(), 'viewer-download'), this.closer),
      this.quote, this.body);
    this.root.addEventListener('keydown', (event) => event.key === 'Escape' && this.close());
    this.turn = 0;
    this.narrow = matchMedia('(max-width: 860px)');
    this.narrow.addEventListener('change', () => this.setCover());
  }

  // On a narrow screen it lies over everything else, which then cannot be reached.
  setCover() {
    for (const id of ['stage', 'side']) byId(id).inert = this.isOpen && this.narrow.matches;
  }

  // Makes it visible and gives it the focus.
  show() {
    this.root.hidden = false;
    byId('frame').classList.add('with-viewer');
    this.setCover();
    this.closer.focus({preventScroll: true});
  }

  get isOpen() {
    return !this.root.hidden;
  }

  // Shows a source of an answer, with all marks that the answer has in the same document.
  async open(message, source, citation, anchor) {
    this.anchor?.classList.remove('active');
    this.anchor = anchor;
    anchor?.classList.add('active');
    const fresh = !this.isOpen || this.documentId !== source.document_id;
    this.source = source;
    this.title.textContent = nameOf(source);
    this.title.title = nameOf(source);
    this.place.textContent = placeOf(source);
    this.showQuote(source, citation);
    this.show();
    this.collectMarks(message, source, citation);
    await this.showDocument(source, fresh);
  }

  // A whole document, from the list of documents.
  openDocument(document) {
    const source = {document_id: document.document_id, filename: document.filename, media_type: document.media_type, page: 1, boxes: [], n: 0};
    this.marks = [];
    this.anchor = window.document.activeElement;
    this.source = source;
    this.title.textContent = this.title.title = document.title || document.filename;
    this.place.textContent = '';
    this.quote.hidden = true;
    this.show();
    return this.showDocument(source, true);
  }

  showQuote(source, citation) {
    this.quote.hidden = !citation;
    if (!citation) return;
    this.quote.className = `viewer-quote ${citation.verified ? '' : 'doubtful'}`;
    this.quote.replaceChildren(icon(citation.verified ? 'check' : 'warn'),
      el('div', {}, citation.verified ? citation.quote || source.text : words.sources.doubtful));
  }

  collectMarks(message, source, citation) {
    const numbers = new Map(message.sources.filter((other) => other.document_id === source.document_id).map((other) => [other.n, other]));
    this.marks = message.citations.filter((other) => numbers.has(other.source))
      .map((other) => ({page: other.page ?? numbers.get(other.source).page, boxes: other.boxes ?? [], verified: other.verified, quote: other.quote, source: other.source, active: other === citation}));
    if (!citation) this.marks.push({page: source.page, boxes: source.boxes ?? [], verified: true, active: true});
    this.marks.sort((a, b) => a.page - b.page || (a.boxes[0]?.[1] ?? 0) - (b.boxes[0]?.[1] ?? 0));
  }

  async showDocument(source, fresh) {
    const several = this.marks.length > 1;
    for (const [at, tool] of this.pdfTools.entries()) tool.hidden = at < 2 && !several;
    if (!fresh && this.pages) {  // perhaps still being opened
      this.pages.setMarks(this.marks);
      return this.goToMark();
    }
    const turn = ++this.turn;
    const isWanted = () => turn === this.turn;
    this.pages?.close();
    this.pages = null;
    this.documentId = source.document_id;
    this.note(words.viewer.loading);
    try {
      const type = source.media_type ?? (await getJson(documentPath(source.document_id))).media_type;
      if (!isWanted()) return undefined;
      if (type === 'application/pdf') await this.showPdf(source, isWanted);
      else await this.showText(source, isWanted);
    } catch (error) {
      if (isWanted()) await this.showInstead(this.source, error, isWanted);
    }
    return undefined;
  }

  // What there is when the document cannot be shown: the passage as text, or the reason.
  async showInstead(source, error, isWanted) {
    const fromPdf = Boolean(this.pages);
    this.pages?.close();
    this.pages = null;
    this.documentId = null;
    for (const tool of this.pdfTools) tool.hidden = true;
    if (!fromPdf || source.chunk_id === undefined) return this.note(fromPdf ? words.viewer.broken : error.message, 'warn');
    return showPassage(this.body, source, this.marks.filter((mark) => mark.source === source.n), isWanted).catch(() => {});
  }

  async showPdf(source, isWanted) {
    const pages = new PdfPages(this.body, () => this.drawPlace(), () => askPassword(nameOf(source)));
    this.pages = pages;
    pages.setMarks(this.marks);
    await pages.open(documentPath(source.document_id, '/content'));
    if (!isWanted()) return pages.close();
    await this.goToMark();
    this.drawPlace();
    return undefined;
  }

  goToMark() {
    const active = this.marks.find((mark) => mark.active);
    return this.pages.goTo(active?.page ?? this.source.page ?? 1, active?.boxes);
  }

  async showText(source, isWanted) {
    for (const tool of this.pdfTools) tool.hidden = true;
    if (source.chunk_id === undefined) {
      const {chunks} = await getJson(`${documentPath(source.document_id, '/chunks')}?limit=1`);
      if (!isWanted()) return undefined;
      if (!chunks.length) return this.note(words.viewer.notThere);
      Object.assign(source, chunks[0]);
    }
    return showPassage(this.body, source, this.marks.filter((mark) => mark.source === source.n), isWanted);
  }

  note(text, picture = 'files') {
    this.body.replaceChildren(el('div', {class: 'viewer-note'}, icon(picture), el('p', {}, text)));
  }

  drawPlace() {
    if (this.pages?.count) this.place.textContent = words.viewer.place(this.pages.page, this.pages.count);
  }

  step(by) {
    const at = this.marks.findIndex((mark) => mark.active);
    const next = this.marks[(at + by + this.marks.length) % this.marks.length];
    for (const mark of this.marks) mark.active = mark === next;
    this.pages?.setMarks(this.marks);
    this.pages?.goTo(next.page, next.boxes);
  }

  async download() {
    try {
      const response = await send(documentPath(this.source.document_id, '/content'));
      saveBlob(await response.blob(), this.source.filename);
    } catch (error) {
      say(error.message);
    }
  }

  close() {
    if (!this.isOpen) return;
    const hadFocus = this.root.contains(document.activeElement);
    this.turn++;
    this.pages?.close();
    this.pages = null;
    this.documentId = null;
    this.root.hidden = true;
    this.body.replaceChildren();
    byId('frame').classList.remove('with-viewer');
    this.setCover();
    this.anchor?.classList.remove('active');
    // The chip may have been drawn anew while the text went on.
    if (hadFocus) (this.anchor?.isConnected ? this.anchor : byId('main')).focus();
  }
}
