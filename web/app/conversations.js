// The conversations at the side: list, search, rename, delete, export.
import {conversationPath, getJson, send, sendJson} from './api.js';
import {byId, el, icon, iconButton, saveBlob, settled} from './dom.js';
import {doUnlessUndone, openMenu, say} from './overlays.js';
import {dayOf, words} from './strings.js';

export class Conversations {
  // `actions`: removed(id), renamed(id, title).
  constructor(actions) {
    this.actions = actions;
    this.items = [];
    this.hidden = new Set();
    this.current = null;
    this.search = el('input', {type: 'search', class: 'field', placeholder: words.talks.search, 'aria-label': words.talks.search, 'data-testid': 'search-conversations'});
    this.search.addEventListener('input', settled(() => this.load(), 200));
    this.list = el('div', {class: 'talks', 'data-testid': 'conversations'});
    byId('conversations').append(el('label', {class: 'search'}, icon('search'), this.search), this.list);
    this.reloadSoon = settled(() => this.load(), 150);
    this.list.addEventListener('scroll', () => {
      if (this.next && !this.loading && this.isNearEnd) this.load(this.next);
    }, {passive: true});
    document.addEventListener('jackdaw:reachable', () => this.load());
  }

  get isNearEnd() {
    return this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 400;
  }

  // Page after page until the list is filled: while it searches, a page may hold little or nothing and not be the last.
  async load(after = '') {
    const turn = this.turn = (this.turn ?? 0) + 1;
    const wanted = this.search.value.trim();
    // What was scrolled to stays when the list is read anew.
    const limit = after || wanted !== this.found ? 50 : Math.max(50, Math.min(200, this.items.length));
    this.loading = true;
    let items = after ? this.items : [];
    let next = after;
    try {
      do {
        const query = new URLSearchParams({limit, ...(wanted ? {q: wanted} : {}), ...(next ? {after: next} : {})});
        const page = await getJson(`/v1/conversations?${query}`);
        if (turn !== this.turn) return;
        items = [...items, ...page.conversations];
        next = page.next;
        Object.assign(this, {items, next, found: wanted, failed: false});
        this.draw();
      } while (next && this.isNearEnd && !this.isNaming);
    } catch {
      if (turn !== this.turn) return;
      this.failed = true;
      this.draw();
    }
    this.loading = false;
  }

  titleOf(id) {
    return this.items.find((item) => item.conversation_id === id)?.title;
  }

  setCurrent(id) {
    if (this.current === id) return;
    this.current = id;
    this.draw();
  }

  get isNaming() {
    return this.list.querySelector('form') !== null;
  }

  draw() {
    if (this.isNaming) return;
    const shown = this.items.filter((item) => !this.hidden.has(item.conversation_id));
    if (!shown.length) {
      const text = this.failed ? words.talks.failed : this.next ? words.talks.searching : this.search.value.trim() ? words.talks.noneFound : words.talks.none;
      this.list.replaceChildren(el('p', {class: 'talks-note'}, text));
      return;
    }
    const groups = new Map();
    for (const item of shown) {
      const day = dayOf(item.updated_at);
      if (!groups.has(day)) groups.set(day, []);
      groups.get(day).push(item);
    }
    const focused = this.list.contains(document.activeElement) ? document.activeElement.closest('.talk')?.dataset.id : null;
    this.list.replaceChildren(...[...groups].flatMap(([day, items]) => [el('h2', {}, day), el('ul', {}, items.map((item) => this.row(item)))]));
    if (focused) this.list.querySelector(`[data-id="${CSS.escape(focused)}"] a`)?.focus();
  }

  row(item) {
    const id = item.conversation_id;
    const title = item.title || words.talks.untitled;
    const more = iconButton('more', words.talks.actions(title), () => openMenu(more, this.menu(item)), {class: 'small', 'aria-haspopup': 'menu', 'aria-expanded': 'false', 'data-testid': 'conversation-menu'});
    const row = el('li', {class: `talk ${id === this.current ? 'current' : ''}`, 'data-id': id, 'data-testid': 'conversation'},
      item.running_answer_id ? el('span', {class: 'writing', role: 'img', 'aria-label': words.talks.writing}) : null,
      el('a', {href: `#/c/${encodeURIComponent(id)}`, title, 'aria-current': id === this.current ? 'page' : null}, title), more);
    return row;
  }

  menu(item) {
    return [
      {icon: 'edit', label: words.talks.rename, action: () => this.rename(item)},
      {icon: 'download', label: words.talks.exportMd, action: () => this.save(item.conversation_id, item.title, 'md')},
      {icon: 'download', label: words.talks.exportJson, action: () => this.save(item.conversation_id, item.title, 'json')},
      {icon: 'trash', label: words.talks.remove, danger: true, action: () => this.remove(item)},
    ];
  }

  rename(item) {
    const rowOf = () => this.list.querySelector(`[data-id="${CSS.escape(item.conversation_id)}"]`);
    const row = rowOf();
    if (!row) return;
    const field = el('input', {class: 'field', 'aria-label': words.talks.renameLabel, maxlength: 200, 'data-testid': 'rename-field'});
    field.value = item.title ?? '';
    let over = false;
    const finish = async (keep) => {
      if (over) return;
      over = true;
      const title = field.value.trim();
      form.remove();
      if (keep && title && title !== item.title) {
        try {
          const now = await sendJson('PATCH', conversationPath(item.conversation_id), {title});
          this.items = this.items.map((other) => (other.conversation_id === item.conversation_id ? now : other));
          this.actions.renamed(item.conversation_id, now.title);
        } catch (error) {
          say(error.message);
        }
      }
      this.draw();
      rowOf()?.querySelector('a').focus();
    };
    const form = el('form', {onsubmit: (event) => {
      event.preventDefault();
      finish(true);
    }}, field);
    form.style.flex = '1';
    field.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();  // it would close the side too
      finish(false);
    });
    field.addEventListener('blur', () => finish(true));
    row.replaceChildren(form);
    field.focus();
    field.select();
  }

  async save(id, title, format) {
    try {
      const response = await send(`${conversationPath(id, '/export')}?format=${format}`);
      saveBlob(await response.blob(), `${(title || words.talks.untitled).replace(/[\\/:*?"<>|\p{Cc}]+/gu, ' ').slice(0, 80).trim()}.${format}`);
    } catch (error) {
      say(error.message);
    }
  }

  remove(item) {
    const id = item.conversation_id;
    this.hidden.add(id);
    this.draw();
    this.actions.removed(id);
    doUnlessUndone(words.talks.removed, async (leaving) => {
      try {
        await send(conversationPath(id), {method: 'DELETE', keepalive: leaving});
        this.items = this.items.filter((other) => other.conversation_id !== id);
      } catch (error) {
        if (error.status !== 404) say(words.talks.removeFailed(error.message));
      }
      this.hidden.delete(id);
      this.load();
    }, () => {
      this.hidden.delete(id);
      this.draw();
    });
  }
}
