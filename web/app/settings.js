// The dialogs of settings and of the key.
import {apiKey} from './api.js';
import {el} from './dom.js';
import {askDialog, dialogHead, openDialog} from './overlays.js';
import {server, settings, theme} from './state.js';
import {words} from './strings.js';

const line = (label, hint, control) => el('div', {class: 'line'}, el('span', {}, label, hint ? el('small', {}, hint) : null), control);

function themeControl() {
  const box = el('span', {class: 'segments', role: 'group', 'aria-label': words.settings.appearance});
  const draw = () => box.replaceChildren(...Object.entries(words.settings.theme).map(([name, label]) => el('button', {type: 'button', 'aria-pressed': String(theme.get() === name), 'data-testid': `theme-${name}`, onclick: () => {
    theme.set(name);
    draw();
    box.querySelector('[aria-pressed="true"]').focus();
  }}, label)));
  draw();
  return box;
}

// The writers of the server; the person's choice where there are several.
function writerControl() {
  const {writer, writers = []} = server.status ?? {};
  if (!writer) return el('span', {}, words.settings.unknown);
  const all = writers.flatMap(({provider, models}) => models.map((model) => ({provider, model})));
  if (all.length < 2) return el('span', {'data-testid': 'writer'}, words.message.by(writer.provider, writer.model));
  const select = el('select', {class: 'field', 'aria-label': words.settings.writer, 'data-testid': 'writer'},
    el('option', {value: ''}, `${words.settings.standard} (${words.message.by(writer.provider, writer.model)})`),
    all.map((choice, at) => el('option', {value: at, selected: settings.value.writer?.provider === choice.provider && settings.value.writer?.model === choice.model}, words.message.by(choice.provider, choice.model))));
  select.addEventListener('change', () => settings.set({writer: select.value === '' ? null : all[Number(select.value)]}));
  return select;
}

function topKControl() {
  const limit = server.limit('top_k', 50);
  const standard = server.status?.defaults?.top_k ?? 3;
  const field = el('input', {type: 'number', class: 'field', min: 1, max: limit, value: settings.value.topK ?? standard, 'aria-label': words.settings.topK, 'data-testid': 'top-k'});
  field.addEventListener('change', () => {
    const value = Math.round(Math.max(1, Math.min(limit, Number(field.value) || standard)));
    field.value = value;
    settings.set({topK: value === standard ? null : value});
  });
  return field;
}

function rerankControl() {
  const standard = server.status?.defaults?.rerank ?? true;
  const box = el('input', {type: 'checkbox', class: 'switch', role: 'switch', checked: settings.value.rerank ?? standard, 'aria-label': words.settings.rerank, 'data-testid': 'rerank'});
  box.addEventListener('change', () => settings.set({rerank: box.checked === standard ? null : box.checked}));
  return box;
}

function serverPart() {
  const {status} = server;
  const documents = status?.documents;
  return el('section', {}, el('h3', {}, words.settings.server),
    line(words.settings.version, '', el('span', {}, status?.version ?? words.settings.unknown)),
    documents ? line(words.settings.documents, '', el('span', {}, words.settings.searchable(documents.searchable, documents.all))) : null,
    line(words.settings.api, '', el('span', {}, el('a', {href: '/docs'}, '/docs'))),
    apiKey.get() ? line(words.settings.key, words.settings.keyHint, el('button', {type: 'button', class: 'button small', onclick: () => {
      apiKey.set('');
      location.reload();
    }}, words.settings.forget)) : null);
}

export function openSettings() {
  const {status} = server;
  return openDialog({'aria-label': words.settings.title, 'data-testid': 'settings'}, el('div', {class: 'dialog settings'}, dialogHead(words.settings.title),
    el('section', {}, el('h3', {}, words.settings.appearance), themeControl()),
    el('section', {}, el('h3', {}, words.settings.answers),
      line(words.settings.writer, '', writerControl()),
      line(words.settings.topK, words.settings.topKHint(server.limit('top_k', 50)), topKControl()),
      line(words.settings.rerank, words.settings.rerankHint, rerankControl())),
    serverPart(),
    status?.degraded?.length ? el('section', {}, el('h3', {}, words.settings.degraded), el('ul', {}, status.degraded.map((sentence) => el('li', {}, sentence)))) : null));
}

let asking = false;
// Asks for the server's key, once at a time, and begins anew with it.
export async function askForKey() {
  if (asking) return;
  asking = true;
  const field = el('input', {type: 'password', class: 'field', required: true, autocomplete: 'off', spellcheck: 'false', 'data-testid': 'key-field'});
  const key = await askDialog({title: words.key.title, text: [apiKey.get() ? `${words.key.wrong} ` : '', words.key.text].join(''), send: words.key.use,
    fields: el('label', {}, words.key.label, field), read: () => field.value.trim(), testid: 'key-dialog'});
  asking = false;
  if (!key) return;
  apiKey.set(key);
  location.reload();
}
