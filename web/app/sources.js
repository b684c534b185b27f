// The proof under an answer: chips in its text, cards below it, and how the passages were found.
import {el, icon} from './dom.js';
import {attachPreview} from './overlays.js';
import {durationOf, words} from './strings.js';

export const placeOf = (source) =>
  source.page_label && !source.page ? source.page_label : source.page ? words.sources.page(source.page_label ?? source.page) : source.heading ?? '';

export const nameOf = (source) => (source.deleted ? words.sources.deletedName : source.filename ?? '');

// The citation that belongs to mark `ordinal` of source `n`: marks and citations are both in the order of the answer.
export function citationOf(message, n, ordinal, ordinalOfSource) {
  const at = message.citations[ordinal];
  if (at && at.source === n) return at;
  return message.citations.filter((citation) => citation.source === n)[ordinalOfSource] ?? null;
}

function verdict(verified) {
  return el('span', {class: `verdict ${verified ? '' : 'doubtful'}`}, icon(verified ? 'check' : 'warn'),
    verified ? words.sources.verified : words.sources.doubtful);
}

export function previewOf(source, citation) {
  const place = citation?.page ? words.sources.page(citation.page === source.page ? source.page_label ?? citation.page : citation.page) : placeOf(source);
  return [el('b', {}, nameOf(source)), place ? el('span', {class: 'place'}, place) : null,
    source.deleted ? el('q', {}, words.sources.deleted) : el('q', {}, citation?.quote || source.text || ''),
    citation ? verdict(citation.verified) : null].filter(Boolean);
}

// A chip in the text. `find()` gives {source, citation} as they are known by then; `open()` shows the place.
export function chipFor(n, find, open) {
  const chip = el('button', {type: 'button', class: 'chip', 'data-testid': 'chip', 'data-source': n, onclick: () => open(chip)}, String(n));
  attachPreview(chip, () => {
    const {source, citation} = find();
    return source ? previewOf(source, citation) : [];
  });
  return chip;
}

export function markChip(chip, citation) {
  chip.classList.toggle('doubtful', citation?.verified === false);
  chip.dataset.verified = citation ? String(citation.verified) : '';
  chip.setAttribute('aria-label', words.sources.cite(Number(chip.dataset.source), citation?.verified));
}

function card(message, source, open) {
  const own = message.citations.filter((citation) => citation.source === source.n);
  const doubtful = own.length > 0 && own.every((citation) => !citation.verified);
  const place = source.deleted ? words.sources.deleted : placeOf(source);
  const quote = own.find((citation) => citation.quote)?.quote;
  const box = el('button', {type: 'button', class: `card ${doubtful ? 'doubtful' : ''} ${source.deleted ? 'gone' : ''}`, 'data-testid': 'source', 'data-source': source.n,
    title: source.deleted ? null : words.sources.open, disabled: Boolean(source.deleted), onclick: () => open(source, own[0] ?? null, box)},
  el('span', {class: 'name'}, el('span', {class: 'visually-hidden'}, words.sources.source), el('span', {class: 'number'}, String(source.n)), el('span', {}, nameOf(source))),
  el('span', {class: 'snippet'}, quote || source.text || ''),
  el('span', {class: 'place'}, doubtful ? `${place ? `${place}. ` : ''}${words.sources.doubtful}` : place));
  return box;
}

// The cards of an answer: the cited ones, and on demand the others.
export function sourceCards(message, open) {
  const {sources} = message;
  if (!sources.length) return null;
  const cited = new Set(message.citations.map((citation) => citation.source));
  const first = cited.size ? sources.filter((source) => cited.has(source.n)) : sources.slice(0, 6);
  const rest = sources.filter((source) => !first.includes(source));
  const cards = el('div', {class: 'cards'}, first.map((source) => card(message, source, open)));
  const more = rest.length ? el('button', {type: 'button', class: 'text-button', 'aria-expanded': 'false', 'data-testid': 'more-sources', onclick: () => {
    const shown = more.getAttribute('aria-expanded') === 'true';
    if (shown) while (cards.childElementCount > first.length) cards.lastChild.remove();
    else cards.append(...rest.map((source) => card(message, source, open)));
    more.setAttribute('aria-expanded', String(!shown));
    more.textContent = shown ? words.sources.also(rest.length) : words.sources.hideAlso;
  }}, words.sources.also(rest.length)) : null;
  return el('section', {class: 'sources', 'data-testid': 'sources', 'aria-label': words.sources.title},
    el('div', {class: 'sources-head'}, el('h3', {}, cited.size ? words.sources.title : words.sources.readTitle), more), cards);
}

// ---- how this was found ---------------------------------------------------------------------------------------------

const ranked = (reason) => (reason?.rank ? [words.found.rank(reason.rank), ' ', el('small', {}, Number(reason.score).toFixed(2))] : words.found.notFound);
const score = (value) => (typeof value === 'number' ? value.toFixed(3) : words.found.notFound);

function rankTable(sources) {
  const {passage, keyword, vector, fused, rerank} = words.found;
  const rows = sources.filter((source) => !source.deleted).map((source) => el('tr', {},
    el('td', {title: nameOf(source)}, el('b', {}, `${source.n} `), `${nameOf(source)} `, el('small', {}, placeOf(source))),
    el('td', {}, ranked(source.reasons?.keyword)), el('td', {}, ranked(source.reasons?.vector)),
    el('td', {}, score(source.reasons?.fused)), el('td', {}, score(source.reasons?.rerank))));
  return el('div', {class: 'scroll', tabindex: 0, role: 'group', 'aria-label': words.found.ranks}, el('table', {},
    el('thead', {}, el('tr', {}, [passage, keyword, vector, fused, rerank].map((name) => el('th', {scope: 'col'}, name)))),
    el('tbody', {}, rows)));
}

function timeSteps(timings) {
  const total = Math.max(1, timings.total_ms ?? 0);
  const known = Object.keys(words.found.names).filter((name) => typeof timings[name] === 'number');
  return el('ul', {class: 'steps'}, known.map((name) => {
    const bar = el('i');
    bar.style.width = `${Math.min(100, (timings[name] / total) * 100)}%`;
    return el('li', {}, el('span', {}, words.found.names[name]), el('span', {class: 'track', 'aria-hidden': 'true'}, bar), el('span', {}, durationOf(timings[name])));
  }));
}

export function foundPanel(message, question) {
  const {found} = words;
  const turns = message.used_turns?.length ?? 0;
  return el('section', {class: 'found', 'data-testid': 'found', 'aria-label': found.title},
    el('div', {}, el('h4', {}, found.question), el('p', {class: 'asked', 'data-testid': 'standalone'}, message.standalone_question || question),
      message.query_origin ? el('p', {class: 'asked'}, el('small', {}, [found.origin[message.query_origin], turns ? found.turns(turns) : ''].filter(Boolean).join(' '))) : null),
    message.sources.length ? el('div', {}, el('h4', {}, found.ranks), message.rerank_skipped ? el('p', {class: 'asked'}, found.skipped[message.rerank_skipped]) : null, rankTable(message.sources)) : null,
    message.timings ? el('div', {}, el('h4', {}, found.steps), timeSteps(message.timings)) : null);
}
