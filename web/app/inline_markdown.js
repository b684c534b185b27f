// Markdown inside a line of text, as DOM nodes: emphasis, code, links with their address, marks of sources. Work and
// depth are bounded: a text of any shape costs time in proportion to its length.
import {el} from './dom.js';

const kDeepest = 24;
const kSpecial = /[\\`*_~[\]!<\n]|https?:\/\//g;
const kMark = /\[([1-9]\d?)\](?!\()/y;  // as the server writes the number of a source
const kTarget = /\]\(\s{0,9}<?([^\s<>()]{1,2000}(?:\([^\s<>()]{0,500}\)[^\s<>()]{0,500})?)>?(?:\s{1,9}["'][^"'\n]{0,500}["'])?\s{0,9}\)/y;
const kAddress = /https?:\/\/[^\s<>"'`[\]*|]{1,2000}/y;
const kBracketed = /<(https?:\/\/[^\s<>]{1,2000})>/y;
const kBreak = /<br\s{0,3}\/?>/iy;
const kTags = {'*1': 'em', '*2': 'strong', '_1': 'em', '_2': 'strong', '~2': 'del'};
const kEscapable = /[!-/:-@[-`{-~]/;

// The address of a link that may be clicked: http or https, and no name or password before the host. Else null.
export function safeAddress(text) {
  let url;
  try {
    url = new URL(text);
  } catch {
    return null;
  }
  return (url.protocol === 'https:' || url.protocol === 'http:') && !url.username && !url.password ? url.href : null;
}

function link(children, text, target) {
  const href = safeAddress(target);
  const address = href ?? target;
  const shown = text === target || text === address ? [] : [el('span', {class: 'address'}, ` (${address})`)];
  if (!href) return [...children, ...shown];
  const inside = shown.length ? children : [address];
  return [el('a', {href, target: '_blank', rel: 'noopener noreferrer nofollow', referrerpolicy: 'no-referrer'}, inside), ...shown];
}

// The text of a line being taken apart. Open emphasis and brackets are frames on a stack; what never closes is text.
class Inline {
  constructor(text, options) {
    this.text = text;
    this.options = options;
    this.frames = [{marker: '', size: 0, nodes: [], begin: 0}];
    this.open = {};
    this.lineEnd = -1;  // of the line that was looked at last
    this.codeEnd = 0;  // no marks before it
  }

  get top() {
    return this.frames[this.frames.length - 1];
  }

  say(text) {
    const {nodes} = this.top;
    if (text === '') return;
    if (typeof nodes[nodes.length - 1] === 'string') nodes[nodes.length - 1] += text;
    else nodes.push(text);
  }

  push(marker, size, begin) {
    this.open[marker] = (this.open[marker] ?? 0) + 1;
    this.frames.push({marker, size, nodes: [], begin});
  }

  // Makes text of the frames from `at` on, in the frame below.
  flatten(at) {
    for (const frame of this.frames.splice(at)) {
      this.open[frame.marker]--;
      this.say(frame.marker === '[' ? frame.opening : frame.marker.repeat(frame.size));
      for (const node of frame.nodes) {
        if (typeof node === 'string') this.say(node);
        else this.top.nodes.push(node);
      }
    }
  }

  // The place of the innermost open frame of that marker, 0 for none.
  find(marker, size) {
    if (!this.open[marker]) return 0;
    for (let at = this.frames.length - 1; at > 0; at--) {
      if (this.frames[at].marker === marker) return this.frames[at].size <= size ? at : 0;
    }
    return 0;
  }

  pop(at) {
    this.flatten(at + 1);
    const frame = this.frames.pop();
    this.open[frame.marker]--;
    return frame;
  }

  emphasis(marker, at) {
    let end = at;
    while (this.text[end] === marker) end++;
    const before = this.text[at - 1] ?? ' ';
    const after = this.text[end] ?? ' ';
    const word = /[\p{L}\p{N}]/u;
    const mayClose = !/\s/.test(before) && (marker !== '_' || !word.test(after));
    const mayOpen = !/\s/.test(after) && (marker !== '_' || !word.test(before));
    let left = end - at;
    for (let found; mayClose && left > 0 && (found = this.find(marker, left)); ) {
      const frame = this.pop(found);
      left -= frame.size;
      this.top.nodes.push(el(kTags[marker + frame.size], {}, frame.nodes));
    }
    while (mayOpen && left > 0 && this.frames.length < kDeepest) {
      const size = left >= 2 ? 2 : 1;
      if (!kTags[marker + size]) break;
      this.push(marker, size, end);
      left -= size;
    }
    this.say(marker.repeat(left));
    return end;
  }

  // The server counts the marks outside of code, so its rule counts here: a run of backticks with white space behind it
  // opens nothing, and one that its line does not close leaves no marks in the rest of that line.
  code(at) {
    let end = at;
    while (this.text[end] === '`') end++;
    const size = end - at;
    const opens = /\S/.test(this.text[end] ?? '');
    const closer = opens ? this.closer(size, end) : -1;
    if (this.lineEnd < end) this.lineEnd = (this.text.indexOf('\n', end) + 1 || this.text.length + 1) - 1;
    if (closer < 0 || closer > this.lineEnd) {
      if (opens) this.codeEnd = this.lineEnd;
      this.say(this.text.slice(at, end));
      return end;
    }
    const inside = this.text.slice(end, closer);
    this.top.nodes.push(el('code', {}, /^ .*[^ ].* $/.test(inside) ? inside.slice(1, -1) : inside));
    return closer + size;
  }

  // Where the next run of exactly so many backticks begins, from `from` on; -1: nowhere.
  closer(size, from) {
    this.runs ??= [...this.text.matchAll(/`+/g)].reduce((runs, match) => {
      if (!runs.has(match[0].length)) runs.set(match[0].length, {next: 0, places: []});
      runs.get(match[0].length).places.push(match.index);
      return runs;
    }, new Map());
    const run = this.runs.get(size);
    while (run.next < run.places.length && run.places[run.next] < from) run.next++;
    return run.places[run.next] ?? -1;
  }

  // The number of the source whose mark stands there, 0 for none.
  markAt(at) {
    kMark.lastIndex = at;
    const number = at < this.codeEnd ? 0 : Number(kMark.exec(this.text)?.[1] ?? 0);
    return number <= this.options.sources ? number : 0;
  }

  bracket(at, opening = '[') {
    const number = this.markAt(at);
    if (number) {
      this.top.nodes.push(this.options.chip(number));
      return kMark.lastIndex;
    }
    if (this.frames.length < kDeepest && !this.open['[']) {
      this.push('[', 1, at + 1);
      this.top.opening = opening;
    } else {
      this.say(opening);
    }
    return at + 1;
  }

  closeBracket(at) {
    const found = this.find('[', 1);
    if (!found) {
      this.say(']');
      return at + 1;
    }
    kTarget.lastIndex = at;
    const target = kTarget.exec(this.text);
    if (!target) {
      this.flatten(found);
      this.say(']');
      return at + 1;
    }
    const frame = this.pop(found);
    this.top.nodes.push(...link(frame.nodes, this.text.slice(frame.begin, at), target[1]));
    return at + target[0].length;
  }

  address(at) {
    kAddress.lastIndex = at;
    const found = kAddress.exec(this.text)?.[0].replace(/[.,;:!?)}~_]+$/, '') ?? '';
    if (found.length < 9) {
      this.say(this.text[at]);
      return at + 1;
    }
    this.top.nodes.push(...link([found], found, found));
    return at + found.length;
  }

  angle(at) {
    for (const pattern of [kBreak, kBracketed]) {
      pattern.lastIndex = at;
      const found = pattern.exec(this.text);
      if (!found) continue;
      if (found[1]) this.top.nodes.push(...link([found[1]], found[1], found[1]));
      else this.top.nodes.push(el('br'));
      return at + found[0].length;
    }
    this.say('<');
    return at + 1;
  }

  newline(at) {
    const {nodes} = this.top;
    const last = nodes[nodes.length - 1];
    if (typeof last === 'string' && last.endsWith('  ')) nodes.push(el('br'));
    else this.say('\n');
    return at + 1;
  }

  // Takes what begins at `at`; gives the place behind it.
  take(at) {
    const letter = this.text[at];
    switch (letter) {
      case '\\':
        if (this.text[at + 1] === '\n') this.top.nodes.push(el('br'));
        else if (kEscapable.test(this.text[at + 1] ?? '')) this.say(this.text[at + 1]);
        else return this.say('\\'), at + 1;
        return at + 2;
      case '`': return this.code(at);
      case '*': case '_': case '~': return this.emphasis(letter, at);
      case '[': return this.bracket(at);
      case ']': return this.closeBracket(at);
      case '!':
        // A picture would be a request: its address is shown as a link.
        if (this.text[at + 1] === '[' && !this.markAt(at + 1)) return this.bracket(at + 1, '![');
        return this.say('!'), at + 1;
      case '<': return this.angle(at);
      case '\n': return this.newline(at);
      default: return this.address(at);
    }
  }

  nodes() {
    for (let at = 0; at < this.text.length; ) {
      kSpecial.lastIndex = at;
      const next = kSpecial.exec(this.text)?.index ?? this.text.length;
      this.say(this.text.slice(at, next));
      at = next < this.text.length ? this.take(next) : next;
    }
    // While it is being written, what is bold so far is shown bold, not with its mark.
    while (this.options.unfinished && this.top.size === 2) {
      const {marker, nodes} = this.pop(this.frames.length - 1);
      this.top.nodes.push(el(kTags[marker + 2], {}, nodes));
    }
    this.flatten(1);
    return this.frames[0].nodes;
  }
}

// The nodes of a text: strings and elements. `options`: {sources: how many there are, chip: (n) => the
// element of mark n, unfinished: more is to come}.
export const inlineNodes = (text, options) => new Inline(text, options).nodes();
