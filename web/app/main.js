// The page as a whole: which view is shown, the frame around it, and how the server is.
import {AskView} from './ask.js';
import {Conversations} from './conversations.js';
import {DocumentsView} from './documents.js';
import {byId, el, icon, iconButton} from './dom.js';
import {openMenu} from './overlays.js';
import {askForKey, openSettings} from './settings.js';
import {server, watchServer} from './state.js';
import {words} from './strings.js';
import {Viewer} from './viewer.js';

const viewer = new Viewer();
const conversations = new Conversations({
  removed: (id) => route().id === id && go('#/'),
  renamed: (id, title) => {
    if (ask.talk?.id === id) ask.talk.title = title;
    drawTitle();
  },
});
const ask = new AskView({
  navigate: (id) => {
    if (route().view !== 'ask') return;  // the person went on to the documents
    history.replaceState(null, '', `#/c/${encodeURIComponent(id)}`);
    conversations.setCurrent(id);
    drawNav();
    drawTitle();
  },
  titleChanged: () => drawTitle(),
  conversationsChanged: () => conversations.reloadSoon(),
  openSource: (...place) => viewer.open(...place),
  closeSource: () => viewer.close(),
});
const documents = new DocumentsView({
  openDocument: (document) => viewer.openDocument(document),
  askAbout: (document) => {
    go('#/');
    ask.askAbout(document);
  },
  removed: (id) => ask.composer.dropScope(id),
});

// ---- where we are ---------------------------------------------------------------------------------------------------

function route() {
  const [, view = '', id = ''] = location.hash.split('/');
  if (view === 'documents') return {view: 'documents'};
  if (view === 'c' && id) return {view: 'ask', id: decoded(id)};
  return {view: 'ask', id: null};
}

// An address that somebody shortened or mistyped names a conversation that is not there.
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// Whether what it is drawn from is different from the last time: what is drawn anew loses the focus.
const drawn = {};
function isNew(part, ...values) {
  const same = drawn[part]?.every((value, at) => value === values[at]);
  drawn[part] = values;
  return !same;
}

function go(hash) {
  if (location.hash === hash) show();
  else location.hash = hash;
}

function show() {
  const {view, id} = route();
  closeSide();
  viewer.close();
  byId('ask-view').hidden = view !== 'ask';
  byId('documents-view').hidden = view !== 'documents';
  conversations.setCurrent(view === 'ask' ? id : null);
  if (view === 'documents') documents.shown();
  else if (id) ask.show(id);
  else ask.showNew();
  drawTitle();
  drawNav();
}

function drawTitle() {
  const {view, id} = route();
  const talk = view === 'ask' && ask.talk?.turns.path().length ? ask.talk : null;
  const title = view === 'documents' ? words.documents.title : talk ? talk.title || conversations.titleOf(id) || words.talks.untitled : '';
  byId('bar-title').textContent = title;
  byId('bar-title').title = title;
  document.title = title ? `${title} – ${words.product}` : words.product;
  if (!isNew('title', talk, talk?.id, title)) return;
  const tools = [];
  if (talk?.id) {
    const more = iconButton('more', words.talks.actions(title), () => openMenu(more, [
      {icon: 'download', label: words.talks.exportMd, action: () => conversations.save(talk.id, talk.title, 'md')},
      {icon: 'download', label: words.talks.exportJson, action: () => conversations.save(talk.id, talk.title, 'json')},
      {icon: 'trash', label: words.talks.remove, danger: true, action: () => conversations.remove({conversation_id: talk.id, title: talk.title})},
    ]), {'aria-haspopup': 'menu', 'aria-expanded': 'false', 'data-testid': 'title-menu'});
    tools.push(more);
  }
  byId('bar-tools').replaceChildren(...tools);
}

// ---- the frame ------------------------------------------------------------------------------------------------------

function drawNav() {
  const {view, id} = route();
  const count = server.status?.documents?.all;
  if (!isNew('nav', view, id, count)) return;
  const link = (href, name, label, current, extra) => el('a', {class: 'side-link', href, 'aria-current': current ? 'page' : null}, icon(name), label, extra);
  byId('side-nav').setAttribute('aria-label', words.nav.label);
  byId('side-nav').replaceChildren(
    link('#/', 'plus', words.nav.ask, view === 'ask' && !id),
    link('#/documents', 'files', words.nav.documents, view === 'documents', count ? el('span', {class: 'count'}, count.toLocaleString('en-US')) : null));
}

function drawFoot() {
  const tone = {ready: 'good', starting: 'warn', lost: 'bad'}[server.link] ?? '';
  const {writer} = server.status ?? {};
  const who = server.link === 'ready' ? (writer ? words.message.by(writer.provider, writer.model) : words.link.ready) : words.link[server.link] ?? '';
  if (!isNew('foot', server.link, who)) return;
  const old = byId('settings-button');
  const button = el('button', {type: 'button', id: 'settings-button', 'data-testid': 'settings-button', onclick: openSettings}, icon('settings'),
    el('span', {class: 'who'}, el('b', {}, words.nav.settings), el('small', {'data-testid': 'writer-in-use'}, who)), el('span', {class: `dot ${tone}`, 'data-testid': 'link', 'data-link': server.link, role: 'img', 'aria-label': words.link[server.link] ?? ''}));
  button.querySelector('.dot').style.marginLeft = 'auto';
  const focused = old && old === document.activeElement;
  byId('side-foot').replaceChildren(button);
  if (focused) button.focus();
}

function drawNotice() {
  const text = server.link === 'lost' ? (navigator.onLine === false ? words.link.offlineNotice : words.link.lostNotice) : server.link === 'starting' ? words.link.startingNotice : '';
  const notice = byId('notice');
  if (notice.dataset.text === text) return;
  notice.dataset.text = text;
  notice.className = `notice ${server.link === 'lost' ? 'bad' : ''}`;
  notice.hidden = !text;
  notice.replaceChildren(icon(server.link === 'lost' ? 'warn' : 'info'), el('span', {}, text));
}

function openSide() {
  byId('frame').classList.add('with-side');
  byId('side-open').setAttribute('aria-expanded', 'true');
  byId('stage').inert = true;
  byId('side-close').focus();
}

function closeSide() {
  if (!byId('frame').classList.contains('with-side')) return;
  byId('frame').classList.remove('with-side');
  byId('side-open').setAttribute('aria-expanded', 'false');
  byId('stage').inert = false;
  byId('side-open').focus();
}

function buildFrame() {
  for (const [id, name, label, action] of [['side-open', 'menu', words.nav.open, openSide], ['side-close', 'close', words.nav.close, closeSide]]) {
    byId(id).append(icon(name));
    byId(id).setAttribute('aria-label', label);
    byId(id).addEventListener('click', action);
  }
  byId('side-veil').addEventListener('click', closeSide);
  byId('side').addEventListener('keydown', (event) => event.key === 'Escape' && closeSide());
  // The same link again begins anew too.
  byId('side').addEventListener('click', (event) => event.target.closest('a')?.getAttribute('href') === (location.hash || '#/') && show());
  byId('skip').addEventListener('click', (event) => {
    event.preventDefault();
    (route().view === 'ask' ? ask.composer.field : byId('main')).focus();
  });
}

// ---- dropping files anywhere ----------------------------------------------------------------------------------------

function watchDrops() {
  const veil = byId('drop-veil');
  veil.append(el('div', {}, icon('upload'), el('span', {}, words.documents.dropAnywhere)));
  let depth = 0;
  const holdsFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes('Files');
  addEventListener('dragenter', (event) => {
    if (!holdsFiles(event)) return;
    depth++;
    veil.hidden = false;
  });
  addEventListener('dragleave', (event) => {
    if (!holdsFiles(event)) return;
    depth = Math.max(0, depth - 1);
    veil.hidden = depth === 0;
  });
  addEventListener('dragover', (event) => holdsFiles(event) && event.preventDefault());
  addEventListener('drop', (event) => {
    depth = 0;
    veil.hidden = true;
    if (!holdsFiles(event)) return;
    event.preventDefault();
    documents.addDrop(event.dataTransfer);
    go('#/documents');
  });
}

// ---- beginning ------------------------------------------------------------------------------------------------------

let count = null;
server.watch(() => {
  drawNav();
  drawFoot();
  drawNotice();
  ask.composer.changed();
  const now = JSON.stringify(server.status?.documents ?? null);
  if (now !== count && route().view === 'ask' && !ask.talk && !route().id) ask.drawWelcome();
  count = now;
});
document.addEventListener('jackdaw:unauthenticated', askForKey);
addEventListener('hashchange', show);
buildFrame();
watchDrops();
drawFoot();
show();
conversations.load();
watchServer();
