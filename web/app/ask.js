// The view of one conversation: its path of turns, the answer being written, and what a person does with them.
import {AnswerRun, emptyAnswer} from './answer_run.js';
import {conversationPath, getJson, Problem, sendJson} from './api.js';
import {Composer} from './composer.js';
import {byId, el, icon} from './dom.js';
import {AnswerView, QuestionView} from './message_views.js';
import {hidePreview, say} from './overlays.js';
import {server, settings, wantedWriter} from './state.js';
import {words} from './strings.js';
import {Turns} from './turns.js';

const kMostRuns = 4;  // a browser opens six connections to a server, and the page needs one or two itself
const kTitleLength = 80;

let madeUp = 0;
const madeUpId = () => `local-${++madeUp}`;
const isMadeUp = (id) => String(id).startsWith('local-');
const titleFor = (question) => {
  const line = question.replace(/\s+/g, ' ').trim();
  const letters = [...line];
  return letters.length <= kTitleLength ? line : `${letters.slice(0, kTitleLength - 1).join('')}…`;
};

// What is known of a conversation; it outlives its place on the page while an answer is being written in it.
class Talk {
  constructor(id, title, messages) {
    this.id = id;
    this.title = title;
    this.turns = new Turns(messages.map((message) => ({sources: [], citations: [], text: '', ...message})));
    this.views = new Map();
    this.run = null;
  }
}

export class AskView {
  // `actions`: navigate(id), titleChanged(), conversationsChanged(), openSource(message, source, citation, anchor), closeSource().
  constructor(actions) {
    this.actions = actions;
    this.talk = null;
    this.running = new Map();  // conversation's id: the Talk with a run
    this.thread = el('div', {class: 'thread', 'data-testid': 'thread'});
    this.scroller = el('div', {class: 'thread-scroll', tabindex: -1, role: 'region', 'aria-label': words.ask.thread}, this.thread);
    this.composer = new Composer({send: (text) => this.send(text), stop: () => this.talk?.run?.stop()});
    this.toEnd = el('button', {type: 'button', class: 'to-end', 'aria-label': words.ask.toEnd, hidden: true, onclick: () => this.scrollToEnd()}, icon('down'));
    this.composer.root.prepend(this.toEnd);
    this.composer.root.style.position = 'relative';
    this.starters = el('div', {class: 'starters', 'data-testid': 'starters'});
    byId('ask-view').append(this.scroller, this.composer.root, this.starters);
    this.stuck = true;
    this.scroller.addEventListener('scroll', () => this.scrolled(), {passive: true});
    new ResizeObserver(() => this.stuck && this.talk?.run && this.scrollToEnd()).observe(this.thread);
  }

  // What a message of a conversation can ask for, also while another conversation is shown.
  messageActions(talk) {
    return {
      open: (message, source, citation, anchor) => this.actions.openSource(message, source, citation, anchor),
      siblings: (message) => talk.turns.siblings(message),
      choose: (message) => this.choose(talk, message),
      question: (message) => talk.turns.messages.get(message.parent_id)?.text ?? '',
      run: (message) => (talk.run?.message === message ? talk.run : null),
      regenerate: (message) => this.regenerate(message),
      askAgain: (message) => this.askAgain(message),
      edit: (message, text) => this.edit(message, text),
    };
  }

  // Another version of a message; the focus stays at the button that led there.
  choose(talk, message) {
    const label = document.activeElement?.getAttribute('aria-label') ?? '';
    talk.turns.choose(message);
    this.draw();
    const buttons = [...talk.views.get(message)?.root.querySelectorAll('.branches button:enabled') ?? []];
    (buttons.find((button) => button.getAttribute('aria-label') === label) ?? buttons[0])?.focus();
  }

  // ---- showing a conversation ---------------------------------------------------------------------------------------

  showNew() {
    this.talk = null;
    this.wanted = null;
    this.draw();
    this.composer.field.focus({preventScroll: true});
  }

  async show(id) {
    if (this.talk?.id === id) return;
    this.actions.closeSource();
    const known = this.running.get(id);
    if (known) return this.take(known);
    this.talk = null;
    this.wanted = id;
    this.composer.setRunning(false);
    this.toEnd.hidden = true;
    byId('ask-view').classList.remove('fresh');
    this.setStarters('');
    this.thread.replaceChildren(el('p', {class: 'visually-hidden'}, words.talks.loading));
    try {
      const talk = await this.load(id);
      if (this.wanted === id) this.take(talk);
    } catch (error) {
      if (this.wanted === id) this.showMissing(id, error);
    }
    return undefined;
  }

  take(talk) {
    this.wanted = talk.id;
    this.talk = talk;
    this.draw();
    this.scrollToEnd();
  }

  async load(id) {
    const [conversation, {messages}] = await Promise.all([getJson(conversationPath(id)), getJson(conversationPath(id, '/messages'))]);
    const talk = new Talk(id, conversation.title, messages);
    const running = [...talk.turns.messages.values()].find((message) => message.status === 'running' && message.answer_id);
    if (running) this.follow(talk, running);
    return talk;
  }

  async reload(talk) {
    try {
      const fresh = await this.load(talk.id);
      this.keepText(talk, fresh);
      if (this.talk === talk) this.take(fresh);
    } catch {
      // What is on the page stays; it says already that something is wrong.
    }
  }

  // What arrived of an answer that the server lost is on this page alone.
  keepText(talk, fresh) {
    for (const message of fresh.turns.messages.values()) {
      const old = talk.turns.messages.get(message.id);
      if (message.status === 'lost' && old?.text) Object.assign(message, {text: old.text, sources: old.sources, citations: old.citations});
    }
  }

  showMissing(id, error) {
    const gone = error instanceof Problem && error.status === 404;
    if (gone) this.wanted = null;
    this.thread.replaceChildren(el('div', {class: 'blank', 'data-testid': 'missing'}, el('h2', {}, gone ? words.talks.missingTitle : words.talks.loadFailed),
      el('p', {}, gone ? words.talks.missingText : error.message),
      el('div', {class: 'row'}, gone ? el('a', {class: 'button', href: '#/'}, words.nav.ask)
        : el('button', {type: 'button', class: 'button', onclick: () => this.show(id)}, words.tryAgain))));
    if (!gone) document.addEventListener('jackdaw:reachable', () => this.wanted === id && !this.talk && this.show(id), {once: true});
  }

  draw() {
    hidePreview();
    const {talk} = this;
    const path = talk?.turns.path() ?? [];
    this.composer.setRunning(Boolean(talk?.run));
    this.composer.setFollowUp(path.length > 0);
    this.composer.fit();
    this.actions.titleChanged();
    if (!path.length) return this.drawWelcome();
    byId('ask-view').classList.remove('fresh');
    this.setStarters('');
    const views = path.map((message) => {
      if (!talk.views.has(message)) talk.views.set(message, new (message.role === 'user' ? QuestionView : AnswerView)(message, this.messageActions(talk)));
      return talk.views.get(message);
    });
    for (const view of views) {
      if (view instanceof QuestionView) view.draw();
      else if (view.message.status !== 'running') view.drawTools();
    }
    this.place(views.map((view) => view.root));
    return undefined;
  }

  // What is on the page already is not moved: it may have the focus, a selection, a place it was scrolled to.
  place(roots) {
    const wanted = new Set(roots);
    for (const child of [...this.thread.children]) if (!wanted.has(child)) child.remove();
    for (const [at, root] of roots.entries()) {
      if (this.thread.children[at] !== root) this.thread.insertBefore(root, this.thread.children[at] ?? null);
    }
  }

  async drawWelcome() {
    const none = server.status?.documents && server.status.documents.all === 0;
    const count = server.status?.documents?.searchable ?? 0;
    byId('ask-view').classList.add('fresh');
    this.toEnd.hidden = true;
    this.thread.replaceChildren(el('div', {class: 'welcome', 'data-testid': none ? 'welcome-empty' : 'welcome'},
      document.querySelector('.brand .mark').cloneNode(true),
      el('h2', {}, none ? words.welcome.noneTitle : words.welcome.title),
      el('p', {}, none ? words.welcome.noneText : count ? words.welcome.text(count) : '')));
    if (none) return this.setStarters('none', el('a', {class: 'button primary', href: '#/documents'}, icon('plus'), words.welcome.add));
    try {
      const {documents} = await getJson('/v1/documents?limit=3&status=ready');
      if (!byId('ask-view').classList.contains('fresh')) return undefined;
      this.setStarters(JSON.stringify(documents.map((document) => [document.document_id, document.title])), ...documents.map((document) => el('button', {type: 'button', class: 'starter', title: document.title || document.filename, onclick: () => this.askAbout(document)},
        icon('files'), el('span', {}, words.welcome.about(document.title || document.filename)))));
    } catch {
      // Suggestions only.
    }
    return undefined;
  }

  // What is offered below the first question; `key` says what it is, the same is not drawn anew.
  setStarters(key, ...starters) {
    if (this.startersKey === key) return;
    this.startersKey = key;
    this.starters.replaceChildren(...starters);
  }

  askAbout(document) {
    this.composer.addScope({kind: 'document', id: document.document_id, name: document.title || document.filename});
    this.composer.field.focus();
  }

  scrolled() {
    const below = this.scroller.scrollHeight - this.scroller.clientHeight - this.scroller.scrollTop;
    this.stuck = below < 60;
    this.toEnd.hidden = below < 200;
  }

  scrollToEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  // ---- asking -------------------------------------------------------------------------------------------------------

  // Asks at the end of the path that is shown; false when it cannot now. A question that the server never took is no place
  // for another: it stays as a version of what is asked instead.
  send(text) {
    if (this.wanted && !this.talk) {
      say(words.ask.notLoaded);
      return false;
    }
    const last = this.talk?.turns.path().findLast((message) => !isMadeUp(message.id));
    return this.ask(text, last ? last.id : null);
  }

  // The same question again gets another answer.
  regenerate(message) {
    const question = this.talk.turns.messages.get(message.parent_id);
    return question && this.ask(question.text, question.parent_id ?? null, question);
  }

  askAgain(message) {
    const {turns} = this.talk;
    const question = turns.messages.get(message.parent_id);
    if (!question || !this.canAsk()) return;
    const known = !isMadeUp(question.id);
    if (!known) {
      turns.remove(message);
      turns.remove(question);
    }
    this.ask(question.text, question.parent_id ?? null, known ? question : null);
  }

  edit(message, text) {
    return this.ask(text, message.parent_id ?? null);
  }

  // `parentId`: the answer that the question follows, null at the beginning; `question`: the message that is answered anew.
  ask(text, parentId, question = null) {
    if (!this.canAsk()) return false;
    this.talk ??= new Talk(null, titleFor(text), []);
    const {talk} = this;
    const asked = question ?? {id: madeUpId(), parent_id: parentId, role: 'user', text};
    if (!question) talk.turns.add(asked);
    const answer = emptyAnswer(madeUpId(), asked.id);
    talk.turns.add(answer);
    const branches = talk.turns.messages.size > 2;
    const request = {question: text, stream: true, on_disconnect: 'continue', ...this.choices()};
    if (question) request.parent_message_id = question.id;
    else if (parentId) request.parent_message_id = parentId;
    else if (branches) request.parent_message_id = 'root';
    this.start(talk, asked, answer, request);
    return true;
  }

  // Whether a question can be asked now; says why where it cannot.
  canAsk() {
    const why = this.talk?.run ? words.ends.elsewhere : this.running.size >= kMostRuns ? words.ask.busy : '';
    if (why) say(why);
    return !why;
  }

  choices() {
    const {topK, rerank} = settings.value;
    const writer = wantedWriter();
    const filter = this.composer.filter();
    return {...(topK === null ? {} : {top_k: Math.min(topK, server.limit('top_k', topK))}), ...(rerank === null ? {} : {rerank}), ...(filter ? {filter} : {}), ...(writer ? {provider: writer.provider, model: writer.model} : {})};
  }

  async start(talk, asked, answer, request) {
    const known = new Set(talk.turns.messages.keys());
    talk.run = new AnswerRun(answer, (name, data) => this.heard(talk, name, data));
    this.draw();
    this.makeRoom(talk, asked, answer);
    while (!talk.id && !talk.run.ended) await talk.run.prepare(() => this.begin(talk));
    if (!talk.run.ended) {
      this.running.set(talk.id, talk);
      this.actions.conversationsChanged();
      await talk.run.ask({...request, conversation_id: talk.id}, (id) => known.has(id));
    }
    this.finish(talk);
  }

  // The conversation on the server, and its address in the browser.
  async begin(talk) {
    const made = await sendJson('POST', '/v1/conversations', {title: talk.title});
    talk.id = made.conversation_id;
    if (this.talk !== talk) return;
    this.wanted = talk.id;
    this.actions.navigate(talk.id);
  }

  follow(talk, message) {
    Object.assign(message, {text: '', citations: [], sources: [], stage: 'following'});
    talk.run = new AnswerRun(message, (name, data) => this.heard(talk, name, data));
    this.running.set(talk.id, talk);
    talk.run.follow().then(() => this.finish(talk));
  }

  finish(talk) {
    talk.run = null;
    this.running.delete(talk.id);
    if (this.talk === talk) {
      this.composer.setRunning(false);
      this.draw();
    }
    this.actions.conversationsChanged();
  }

  heard(talk, name, data) {
    const {message} = talk.run;
    if (name === 'reload') return this.reload(talk);
    if (name === 'busy') return this.stepBack(talk, message);
    if (name === 'meta') this.nameMessages(talk, message, data);
    talk.views.get(message)?.event(name, data);
    return undefined;
  }

  // The question was not taken, since another answer is being written: that one is shown, the question waits in its field.
  stepBack(talk, message) {
    const question = talk.turns.messages.get(message.parent_id);
    if (this.talk === talk && question && !this.composer.field.value) {
      this.composer.field.value = question.text;
      this.composer.changed();
    }
    say(words.ends.elsewhere);
    return this.reload(talk);
  }

  // The server's ids for what the page had made up.
  nameMessages(talk, message, data) {
    const question = talk.turns.messages.get(message.parent_id);
    if (data.question_message_id && question) talk.turns.rename(question, data.question_message_id);
    if (data.message_id) talk.turns.rename(message, data.message_id);
  }

  // The question goes to the top of the view, with room for its answer below: nothing moves while words arrive.
  makeRoom(talk, asked, answer) {
    const question = talk.views.get(asked)?.root;
    const box = talk.views.get(answer)?.root;
    for (const view of talk.views.values()) view.root.style.minHeight = '';
    if (!question || !box) return;
    box.style.minHeight = `${Math.max(0, this.scroller.clientHeight - question.offsetHeight - 96)}px`;
    this.stuck = true;
    this.scrollToEnd();
  }
}
