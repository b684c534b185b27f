// A passage of a document that has no pages to draw, between its neighbours.
import {documentPath, getJson} from './api.js';
import {el} from './dom.js';
import {words} from './strings.js';

const kAround = 2;
const kMostRequests = 60;

// The text with the quote marked, where it has it.
function marked(text, quotes) {
  const found = quotes.map(({quote, verified}) => ({at: quote ? text.indexOf(quote) : -1, end: 0, quote, verified})).filter((place) => place.at >= 0);
  found.sort((a, b) => a.at - b.at);
  const nodes = [];
  let done = 0;
  for (const place of found) {
    if (place.at < done) continue;
    nodes.push(text.slice(done, place.at), el('mark', {class: place.verified ? null : 'doubtful', 'data-testid': 'mark'}, place.quote));
    done = place.at + place.quote.length;
  }
  return [...nodes, text.slice(done)];
}

const labelOf = (chunk) => [chunk.page_label ?? (chunk.page ? words.sources.page(chunk.page) : ''), chunk.heading].filter(Boolean).join(' · ');

function passage(chunk, cited, quotes) {
  const label = labelOf(chunk);
  return el('article', {class: `passage ${cited ? 'cited' : ''}`, 'data-testid': cited ? 'cited-passage' : 'passage', 'data-chunk': chunk.chunk_id},
    label ? el('header', {}, label) : null, marked(chunk.text, cited ? quotes : []));
}

// Shows the passage at once, from the answer's own source, then its neighbours when the server gave them.
export async function showPassage(box, source, quotes, isWanted) {
  const list = el('div', {class: 'passages', 'data-testid': 'passages'}, passage(source, true, quotes));
  box.replaceChildren(list);
  const before = [];
  let cursor = '';
  for (let request = 0; request < kMostRequests; request++) {
    const query = new URLSearchParams({limit: '200', ...(cursor ? {after: cursor} : {})});
    const {chunks, next} = await getJson(`${documentPath(source.document_id, '/chunks')}?${query}`);
    if (!isWanted()) return;
    const at = chunks.findIndex((chunk) => chunk.chunk_id === source.chunk_id);
    if (at >= 0) {
      before.push(...chunks.slice(Math.max(0, at - kAround), at));
      const after = chunks.slice(at + 1, at + 1 + kAround);
      list.replaceChildren(...before.slice(-kAround).map((chunk) => passage(chunk)), passage(chunks[at], true, quotes), ...after.map((chunk) => passage(chunk)));
      box.scrollTop = Math.max(0, list.querySelector('.cited').offsetTop - 80);
      return;
    }
    before.splice(0, before.length, ...chunks.slice(-kAround));
    if (!next) break;
    cursor = next;
  }
  list.append(el('p', {class: 'viewer-note'}, words.viewer.notThere));
}
