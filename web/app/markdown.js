// An answer's Markdown as DOM nodes, while it streams: what is complete is built once and never touched again, only the
// paragraph (or list, or table) that is still being written is built anew, at most once a frame. Never reads HTML.
import {el} from './dom.js';
import {inlineNodes} from './inline_markdown.js';

const kFence = /^ *(`{3,}|~{3,})[ \t]*([^`]*)$/;  // however far it is set in, as the server has it
const kHeading = /^ {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$/;
const kRule = /^ {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const kItem = /^( {0,12})([-*+]|\d{1,9}[.)])(?:[ \t]+|$)/;
const kQuote = /^ {0,3}> ?/;
const kDelimiter = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;
const kDeepest = 8;

const isBlank = (line) => /^\s*$/.test(line);
const indentOf = (line) => line.match(/^ */)[0].length;
const beginsBlock = (line) => kFence.test(line) || kHeading.test(line) || kRule.test(line) || kQuote.test(line);

function cellsOf(line) {
  const inside = line.trim().replace(/^\|/, '').replace(/(?<!\\)\|$/, '');
  return inside.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
}

// Blocks of lines, appended to a parent.
class Blocks {
  constructor(options) {
    this.options = options;
  }

  inline(text) {
    return inlineNodes(text, this.options);
  }

  build(lines, parent, depth = 0, tight = false) {
    for (let at = 0; at < lines.length; ) {
      const line = lines[at];
      if (isBlank(line)) at++;
      else if (kFence.test(line)) at = this.fence(lines, at, parent);
      else if (kHeading.test(line)) at = this.heading(line, at, parent);
      else if (kRule.test(line)) at = (parent.append(el('hr')), at + 1);
      else if (kQuote.test(line) && depth < kDeepest) at = this.quote(lines, at, parent, depth);
      else if (kItem.test(line) && depth < kDeepest) at = this.list(lines, at, parent, depth);
      else if (line.includes('|') && kDelimiter.test(lines[at + 1] ?? '') && lines[at + 1].includes('-')) at = this.table(lines, at, parent);
      else at = this.paragraph(lines, at, parent, tight);
    }
  }

  fence(lines, at, parent) {
    const [, fence] = lines[at].match(kFence);
    const indent = indentOf(lines[at]);
    const inside = [];
    let end = at + 1;
    for (; end < lines.length; end++) {
      const close = lines[end].match(/^ *(`{3,}|~{3,})[ \t]*$/);
      if (close && close[1][0] === fence[0] && close[1].length >= fence.length) break;
      inside.push(lines[end].slice(Math.min(indent, indentOf(lines[end]))));
    }
    parent.append(el('pre', {tabindex: 0}, el('code', {}, inside.join('\n'))));
    return end + 1;
  }

  heading(line, at, parent) {
    const [, marks, text] = line.match(kHeading);
    // The page has h1 and h2 of its own.
    parent.append(el(`h${Math.min(5, marks.length + 2)}`, {}, this.inline(text)));
    return at + 1;
  }

  quote(lines, at, parent, depth) {
    const inside = [];
    for (; at < lines.length && !isBlank(lines[at]) && (kQuote.test(lines[at]) || !beginsBlock(lines[at])); at++) inside.push(lines[at].replace(kQuote, ''));
    const quote = el('blockquote');
    this.build(inside, quote, depth + 1);
    parent.append(quote);
    return at;
  }

  list(lines, at, parent, depth) {
    const [, indent, marker] = lines[at].match(kItem);
    const ordered = /\d/.test(marker);
    const list = el(ordered ? 'ol' : 'ul', ordered && Number.parseInt(marker, 10) !== 1 ? {start: Number.parseInt(marker, 10)} : {});
    while (at < lines.length) {
      const found = lines[at].match(kItem);
      if (!found || found[1].length > indent.length + 1 || /\d/.test(found[2]) !== ordered || kRule.test(lines[at])) break;
      at = this.item(lines, at, found, list, depth);
    }
    parent.append(list);
    return at;
  }

  // One item with all that is indented below it; gives the line of the next item, or of what follows the list.
  item(lines, at, found, list, depth) {
    const base = found[1].length;
    const inside = [lines[at].slice(found[0].length)];
    const width = found[1].length + found[2].length + 1;
    let afterBlank = false;
    for (at++; at < lines.length; at++) {
      const line = lines[at];
      const indented = indentOf(line) >= base + 2;
      if (!isBlank(line) && !indented && (afterBlank || kItem.test(line) || beginsBlock(line))) break;
      afterBlank = isBlank(line);
      inside.push(line.slice(Math.min(width, indentOf(line))));
    }
    const item = el('li');
    this.build(inside, item, depth + 1, true);
    list.append(item);
    return at;
  }

  table(lines, at, parent) {
    const sides = cellsOf(lines[at + 1]).map((cell) => (/^:-+:$/.test(cell) ? 'center' : /-:$/.test(cell) ? 'right' : ''));
    const row = (tag, line) => {
      const cells = cellsOf(line).slice(0, sides.length);
      while (cells.length < sides.length) cells.push('');
      return el('tr', {}, cells.map((cell, column) => el(tag, {class: sides[column] || null, scope: tag === 'th' ? 'col' : null}, this.inline(cell))));
    };
    const head = row('th', lines[at]);
    const body = el('tbody');
    for (at += 2; at < lines.length && !isBlank(lines[at]) && lines[at].includes('|'); at++) body.append(row('td', lines[at]));
    parent.append(el('div', {class: 'table', tabindex: 0}, el('table', {}, el('thead', {}, head), body)));
    return at;
  }

  paragraph(lines, at, parent, tight) {
    const inside = [];
    do inside.push(lines[at++].trimStart());
    while (at < lines.length && !isBlank(lines[at]) && !beginsBlock(lines[at]) && !kItem.test(lines[at]));
    const nodes = this.inline(inside.join('\n'));
    // A list whose items are one line each has no paragraphs.
    if (tight && !parent.firstChild) parent.append(...nodes);
    else parent.append(el('p', {}, nodes));
    return at;
  }
}

// Where the part of an unfinished text ends that no later letter can change: before the last block that may still grow.
export function stableLength(text) {
  let stable = 0;
  let fence = '';
  let inList = false;
  let afterBlank = true;
  let fresh = true;  // no line of the block that begins at `stable` was read yet
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end < 0 ? text.length : end);
    const opening = line.match(kFence);
    if (fence) {
      if (opening && opening[1][0] === fence[0] && opening[1].length >= fence.length && !opening[2].trim()) fence = '';
      afterBlank = false;
    } else if (isBlank(line)) {
      afterBlank = true;
    } else {
      const undecided = end < 0 && line.length < 14;
      if (afterBlank && !fresh && !/^\s/.test(line) && !undecided && !(inList && kItem.test(line))) {
        stable = at;
        fresh = true;
      }
      if (fresh) inList = kItem.test(line);
      fresh = false;
      afterBlank = false;
      if (opening && end >= 0) fence = opening[1];
    }
    if (end < 0) break;
    at = end + 1;
  }
  return stable;
}

const kPlain = /^[\p{L}\p{N} ,.;?%€$£’]+$/u;
const kPlainLine = /^\s*(?:(?:[-*+]|\d{1,9}[.)])\s+)?\p{L}[^|/`]*$/u;

// The text of one answer on the page. `options`: {sources: () => how many, chip: (n, ordinal) => element}; `ordinal` counts
// the marks from 0.
export class MarkdownText {
  constructor(parent, options) {
    this.parent = parent;
    this.options = options;
    this.reset();
  }

  reset() {
    this.parent.replaceChildren();
    this.text = '';
    this.open = '';  // what is not stable yet
    this.shown = '';  // the part of `open` that is on the page
    this.kept = 0;  // children of the parent that are stable
    this.marks = 0;  // marks in them
    this.frame = 0;
    this.cost = 0;
    this.last = 0;
  }

  append(text) {
    this.text += text;
    this.open += text;
    this.frame ||= requestAnimationFrame(() => this.tick());
  }

  tick() {
    this.frame = 0;
    const now = performance.now();
    // What costs much is done less often, so that the page always answers to a hand.
    if (now - this.last < this.cost * 3) this.frame = requestAnimationFrame(() => this.tick());
    else this.flush();
  }

  // Puts on the page all that came; `whole`: no more comes.
  flush(whole = false) {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const begin = performance.now();
    if (whole || !this.extend()) this.rebuild(whole);
    this.last = performance.now();
    this.cost = this.last - begin;
  }

  // Words behind words: the last text node grows, nothing is built. False when more than that happened.
  extend() {
    const tail = this.tail;
    const added = this.open.slice(this.shown.length);
    if (!tail || !added || !kPlain.test(added)) return added === '' && this.shown !== '';
    const line = this.shown.slice(this.shown.lastIndexOf('\n') + 1);
    if (line.length < 4 || !kPlainLine.test(line) || !tail.data.endsWith(line.slice(-3))) return false;
    tail.appendData(added);
    this.shown = this.open;
    return true;
  }

  rebuild(whole) {
    while (this.parent.childNodes.length > this.kept) this.parent.lastChild.remove();
    const stable = stableLength(this.open);
    if (stable > 0) {
      this.marks = this.build(this.open.slice(0, stable), false);
      this.kept = this.parent.childNodes.length;
      this.open = this.open.slice(stable);
    }
    this.build(this.open, !whole);
    this.shown = this.open;
    let last = this.parent.lastElementChild;
    while (last && /^(UL|OL|LI)$/.test(last.tagName) && last.lastElementChild && last.lastElementChild === last.lastChild && /^(UL|OL|LI|P)$/.test(last.lastElementChild.tagName)) last = last.lastElementChild;
    this.tail = last && /^(P|LI)$/.test(last.tagName) && last.lastChild instanceof Text ? last.lastChild : null;
  }

  // Gives how many marks there are up to here.
  build(text, unfinished) {
    let ordinal = this.marks;
    const blocks = new Blocks({unfinished, sources: this.options.sources(), chip: (n) => this.options.chip(n, ordinal++)});
    const fresh = document.createDocumentFragment();
    blocks.build(text.replaceAll('\t', '    ').split('\n'), fresh);
    this.parent.append(fresh);
    return ordinal;
  }

  // The whole of a text that is complete.
  set(text) {
    cancelAnimationFrame(this.frame);
    this.reset();
    this.text = this.open = text;
    this.flush(true);
  }
}
