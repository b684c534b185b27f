// A question and an answer on the page. Each view changes only what an event changed.
import {announce, copyText, el, icon, iconButton} from './dom.js';
import {MarkdownText} from './markdown.js';
import {say} from './overlays.js';
import {chipFor, citationOf, foundPanel, markChip, sourceCards} from './sources.js';
import {words} from './strings.js';

// ‹ 2/3 ›, where a question or an answer has other versions.
function branchSwitch(message, actions) {
  const versions = actions.siblings(message);
  if (versions.length < 2) return null;
  const at = versions.indexOf(message);
  const step = (name, label, to) => iconButton(name, label, () => actions.choose(versions[to]), {class: 'small', disabled: to < 0 || to >= versions.length});
  return el('span', {class: 'branches', role: 'group', 'aria-label': words.message.branch(at + 1, versions.length), 'data-testid': 'branches'},
    step('left', words.message.before, at - 1), el('span', {}, `${at + 1}/${versions.length}`), step('right', words.message.after, at + 1));
}

export function copyButton(label, text, attributes = {}) {
  const button = iconButton('copy', label, async () => {
    if (!await copyText(text())) return say(words.message.notCopied);
    button.replaceChildren(icon('check'));
    announce(words.message.copied);
    setTimeout(() => button.replaceChildren(icon('copy')), 1600);
    return undefined;
  }, {class: 'small', ...attributes});
  return button;
}

export class QuestionView {
  constructor(message, actions) {
    this.message = message;
    this.actions = actions;
    this.root = el('article', {class: 'message user', 'data-testid': 'question', 'aria-label': words.message.you});
    this.draw();
  }

  draw() {
    if (this.root.querySelector('.edit-box')) return;
    this.show();
  }

  show() {
    const {message, actions} = this;
    const branches = branchSwitch(message, actions);
    this.root.replaceChildren(
      el('div', {class: 'bubble'}, message.text),
      el('div', {class: `message-tools ${branches ? 'branched' : ''}`}, branches,
        copyButton(words.message.copyQuestion, () => message.text),
        iconButton('edit', words.message.edit, () => this.edit(), {class: 'small', 'data-testid': 'edit-question'})));
  }

  edit() {
    const field = el('textarea', {rows: 1, 'aria-label': words.message.edit, 'data-testid': 'edit-field'});
    const grow = () => {
      field.style.height = 'auto';
      field.style.height = `${field.scrollHeight}px`;
    };
    const done = () => this.show();
    const leave = () => {
      done();
      this.root.querySelector('[data-testid=edit-question]').focus();
    };
    const form = el('form', {class: 'edit-box', onsubmit: (event) => {
      event.preventDefault();
      const text = field.value.trim();
      if (text && this.actions.edit(this.message, text)) done();
    }}, field, el('div', {class: 'row'},
      el('button', {type: 'button', class: 'button small', onclick: leave}, words.cancel),
      el('button', {type: 'submit', class: 'button small primary', 'data-testid': 'send-edit'}, words.message.sendEdit)));
    field.value = this.message.text;
    field.addEventListener('input', grow);
    field.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') leave();
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    this.root.replaceChildren(form);
    grow();
    field.focus();
  }
}

const kTones = {failed: 'bad', lost: 'warn', gone: '', cancelled: ''};

export class AnswerView {
  // `actions`: open(message, source, citation, anchor), regenerate(message), askAgain(message), siblings(message), choose(message),
  // question(message): the text it answers, run(message): its AnswerRun while it is being written.
  constructor(message, actions) {
    this.message = message;
    this.actions = actions;
    this.chips = [];
    this.seen = {};
    this.searched = el('p', {class: 'searched', hidden: true});
    this.stage = el('div', {class: 'stage-line', 'data-testid': 'stage', hidden: true});
    this.prose = el('div', {class: 'prose', 'data-testid': 'answer-text'});
    this.notes = el('div', {'data-testid': 'notes', hidden: true});
    this.proof = el('div', {hidden: true});
    this.tools = el('div', {class: 'answer-tools', hidden: true});
    this.found = el('div', {hidden: true});
    this.root = el('article', {class: 'message assistant', 'data-testid': 'answer', 'aria-label': words.message.answer},
      this.searched, this.stage, this.prose, this.notes, this.proof, this.tools, this.found);
    this.text = new MarkdownText(this.prose, {sources: () => message.sources.length, chip: (n, ordinal) => this.chip(n, ordinal)});
    this.draw();
  }

  chip(n, ordinal) {
    const {message} = this;
    let ofSource = 0;
    for (let at = 0; at < ordinal; at++) if (this.chips[at]?.n === n) ofSource++;
    const find = () => ({source: message.sources.find((source) => source.n === n), citation: citationOf(message, n, ordinal, ofSource)});
    const chip = chipFor(n, find, (anchor) => {
      const {source, citation} = find();
      if (source?.deleted) say(words.sources.deleted);
      else if (source) this.actions.open(message, source, citation, anchor);
    });
    this.chips[ordinal] = {n, chip, find};
    markChip(chip, find().citation);
    return chip;
  }

  draw() {
    this.text.set(this.message.text);
    this.drawAll();
  }

  drawAll() {
    const {message} = this;
    this.root.dataset.status = message.status;
    this.drawSearched();
    this.drawStage();
    this.drawNotes();
    this.drawEnd();
  }

  drawSearched() {
    const {message} = this;
    const standalone = message.standalone_question;
    const differs = standalone && standalone.trim() !== this.actions.question(message).trim();
    this.searched.hidden = !differs;
    if (differs) this.searched.replaceChildren(icon('search'), el('span', {}, words.message.searchedFor(standalone)));
  }

  stageWords() {
    const {message} = this;
    const run = this.actions.run(message);
    if (run?.stopping) return words.stages.stopping;
    const name = message.stage ?? 'following';
    const stage = words.stages[name] ?? words.stages.waiting;
    if (typeof stage === 'string') return stage;
    return message.sources.length ? stage(message.sources.length) : words.stages.searching;
  }

  drawStage() {
    const {message} = this;
    const running = message.status === 'running';
    const writing = running && message.text !== '';
    this.prose.classList.toggle('open', writing);
    this.prose.setAttribute('aria-busy', String(running));
    this.prose.hidden = message.text === '';
    this.stage.hidden = !running || (writing && !this.actions.run(message)?.stopping);
    if (!running) return;
    const text = this.stageWords();
    if (this.seen.stage === text) return;
    this.seen.stage = text;
    this.stage.replaceChildren(el('span', {class: 'spark', 'aria-hidden': 'true'}, el('i'), el('i'), el('i')), el('span', {'data-testid': 'stage-text'}, text));
    this.announce(text);
  }

  // A conversation that is not shown is silent.
  announce(text) {
    if (this.root.isConnected) announce(text);
  }

  note(tone, text, ...buttons) {
    return el('div', {class: `aside ${tone}`, role: tone === 'bad' ? 'alert' : null}, icon(tone ? 'warn' : 'info'),
      el('div', {}, text, buttons.length ? el('div', {class: 'row'}, buttons) : null));
  }

  askAgain() {
    return el('button', {type: 'button', class: 'button small', 'data-testid': 'ask-again', onclick: () => this.actions.askAgain(this.message)},
      icon('again'), words.message.askAgain);
  }

  // What there is to say beside the answer's own text.
  allNotes() {
    const {message} = this;
    const run = this.actions.run(message);
    const notes = [];
    if (message.failover) notes.push(this.note('', words.ends.failover(message.failover.from, message.failover.to)));
    if (message.status === 'running') {
      if (run && run.link !== 'live') notes.push(this.note('warn', run.link === 'unsent' ? words.ends.unsent : words.ends.cut));
    } else if (message.status === 'complete') {
      if (words.ends[message.finish_reason]) notes.push(this.note(message.finish_reason === 'no_evidence' ? '' : 'warn', words.ends[message.finish_reason]));
      else if (!message.text) notes.push(this.note('warn', words.ends.nothing, this.askAgain()));
    } else {
      notes.push(this.note(kTones[message.status] ?? 'warn', this.endWords(), this.askAgain()));
    }
    return notes;
  }

  endWords() {
    const {message} = this;
    if (message.status === 'failed') {
      const why = message.error?.message ?? words.errors.status(500);
      return message.text ? words.ends.broke(why) : words.ends.failed(why);
    }
    if (message.unheard) return words.ends.stopUnheard;
    if (message.status === 'cancelled') return words.ends[message.cancelled?.reason] ?? words.ends.client;
    if (message.status === 'lost' && !message.text) return words.ends.lostAll;
    return words.ends[message.status] ?? words.ends.lost;
  }

  drawNotes() {
    const notes = this.allNotes();
    this.notes.hidden = notes.length === 0;
    this.notes.replaceChildren(...notes);
  }

  drawEnd() {
    const {message} = this;
    const over = message.status !== 'running';
    for (const part of [this.proof, this.tools]) part.hidden = !over;
    if (!over) return;
    const cards = message.text ? sourceCards(message, (source, citation, anchor) => this.actions.open(message, source, citation, anchor)) : null;
    this.proof.replaceChildren(...(cards ? [cards] : []));
    this.proof.hidden = !cards;
    for (const {chip, find} of this.chips.filter(Boolean)) markChip(chip, find().citation);
    this.drawTools();
  }

  drawTools() {
    const {message} = this;
    const found = message.sources.length || message.timings ? el('button', {type: 'button', class: 'tool', 'aria-expanded': String(!this.found.hidden), 'data-testid': 'how-found', onclick: () => {
      this.found.hidden = !this.found.hidden;
      found.setAttribute('aria-expanded', String(!this.found.hidden));
      if (!this.found.hidden) this.found.replaceChildren(foundPanel(message, this.actions.question(message)));
    }}, icon('ranks'), words.message.found) : null;
    this.tools.replaceChildren(...[
      branchSwitch(message, this.actions),
      message.text ? copyButton(words.message.copy, () => message.text, {'data-testid': 'copy-answer'}) : null,
      message.status === 'complete' ? iconButton('again', words.message.regenerate, () => this.actions.regenerate(message), {class: 'small', 'data-testid': 'regenerate'}) : null,
      found,
      message.provider ? el('span', {class: 'by'}, words.message.by(message.provider, message.model)) : null,
    ].filter(Boolean));
  }

  // An event of its run (answer_run.js).
  event(name, data) {
    const {message} = this;
    if (name === 'token') {
      const first = this.prose.hidden;
      this.text.append(data.text);
      if (first) this.drawStage();
    } else if (name === 'citation') {
      for (const {chip, find} of this.chips.filter(Boolean)) if (!chip.dataset.verified) markChip(chip, find().citation);
    } else if (name === 'status') {
      this.drawStage();
    } else if (name === 'query') {
      this.drawSearched();
    } else if (name === 'link') {
      this.drawStage();
      this.drawNotes();
    } else if (message.status !== 'running') {
      this.close();
    }
  }

  // The end, told once.
  close() {
    const {message} = this;
    if (this.text.text === message.text) this.text.flush(true);
    else this.text.set(message.text);
    this.drawAll();
    this.announce(message.status === 'complete' ? `${words.stages.done} ${message.citations.length ? words.stages.sources(new Set(message.citations.map((citation) => citation.source)).size) : ''}` : this.endWords());
  }
}
