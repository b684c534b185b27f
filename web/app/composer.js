// Where questions are written.
import {tabMemory} from './api.js';
import {el, icon, iconButton} from './dom.js';
import {server} from './state.js';
import {words} from './strings.js';

const kDraft = 'jackdaw.draft';

export class Composer {
  // `actions`: send(text) -> whether it was taken, stop().
  constructor(actions) {
    this.actions = actions;
    this.running = false;
    this.scope = [];  // {kind: 'document' | 'tag', id, name}
    this.field = el('textarea', {id: 'question', rows: 1, 'aria-label': words.ask.label, 'aria-describedby': 'composer-hint', 'data-testid': 'composer', placeholder: words.ask.placeholder, enterkeyhint: 'send'});
    this.button = el('button', {type: 'submit', class: 'send', 'data-testid': 'send'});
    this.scopes = el('div', {class: 'scopes', 'data-testid': 'scopes'});
    this.hint = el('p', {class: 'composer-hint', id: 'composer-hint'});
    this.form = el('form', {class: 'composer', onsubmit: (event) => this.submit(event)}, this.scopes, this.field, this.button);
    this.root = el('div', {class: 'composer-place'}, this.form, this.hint);
    this.field.value = tabMemory.get(kDraft);
    this.field.addEventListener('input', () => this.changed());
    this.field.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      if (!this.running) this.form.requestSubmit();
    });
    this.changed();
  }

  submit(event) {
    event.preventDefault();
    if (this.running) return this.actions.stop();
    const text = this.field.value.trim();
    if (!text || this.tooLong()) return this.field.focus();
    if (!this.actions.send(text)) return undefined;
    this.field.value = '';
    return this.changed();
  }

  tooLong() {
    return [...this.field.value].length > server.limit('question_characters', 8000);
  }

  changed() {
    const limit = server.limit('question_characters', 8000);
    const left = limit - [...this.field.value].length;
    this.hint.classList.toggle('bad', left < 0);
    this.hint.textContent = left < 0 ? words.ask.tooLong(limit) : left < 500 ? words.ask.left(left) : this.field.value ? words.ask.hint : '';
    this.field.setAttribute('aria-invalid', String(left < 0));
    this.fit();
    tabMemory.set(kDraft, this.field.value);
    this.drawButton();
  }

  // As high as its text; what is not on the page has no height.
  fit() {
    if (!this.field.offsetParent) return;
    this.field.style.height = 'auto';
    this.field.style.height = `${this.field.scrollHeight}px`;
  }

  drawButton() {
    const label = this.running ? words.ask.stop : words.ask.send;
    this.button.disabled = !this.running && this.field.value.trim() === '';
    if (this.button.getAttribute('aria-label') === label) return;
    this.button.setAttribute('aria-label', label);
    this.button.title = label;
    this.button.replaceChildren(icon(this.running ? 'stop' : 'send'));
  }

  setRunning(running) {
    this.running = running;
    this.drawButton();
  }

  setFollowUp(follows) {
    this.field.placeholder = follows ? words.ask.placeholderNext : words.ask.placeholder;
  }

  addScope(part) {
    if (!this.scope.some((other) => other.kind === part.kind && other.id === part.id)) this.scope.push(part);
    this.drawScope();
  }

  dropScope(id) {
    this.scope = this.scope.filter((part) => part.id !== id);
    this.drawScope();
  }

  drawScope() {
    this.scopes.replaceChildren(...this.scope.map((part) => el('span', {class: 'scope'},
      el('span', {}, part.kind === 'tag' ? words.ask.onlyTag(part.name) : words.ask.only(part.name)),
      iconButton('close', words.ask.dropScope(part.name), () => {
        this.scope = this.scope.filter((other) => other !== part);
        this.drawScope();
        this.field.focus();
      }, {class: 'small'}))));
  }

  // The `filter` of a request; null for everything.
  filter() {
    const ids = (kind) => this.scope.filter((part) => part.kind === kind).map((part) => part.id);
    const filter = {};
    if (ids('document').length) filter.document_ids = ids('document');
    if (ids('tag').length) filter.tags = ids('tag');
    return this.scope.length ? filter : null;
  }
}
