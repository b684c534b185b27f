// What lies over the page: menus, dialogs, toasts, previews.
import {byId, el, icon, iconButton} from './dom.js';
import {words} from './strings.js';

// ---- menus ----------------------------------------------------------------------------------------------------------

let openOne = null;  // {button, close} of the menu that is open

// Opens a menu at a button, or closes the one that is open there. `items`: {icon, label, action, danger?}.
export function openMenu(button, items) {
  if (openOne?.button === button) return openOne.close(true);
  const menu = el('div', {class: 'menu', role: 'menu', 'data-testid': 'menu'});
  const close = (focus) => {
    openOne = null;
    menu.remove();
    button.setAttribute('aria-expanded', 'false');
    removeEventListener('pointerdown', outside, true);
    removeEventListener('resize', leave);
    removeEventListener('hashchange', leave);
    if (focus) button.focus();
  };
  const leave = () => close(false);
  const outside = (event) => menu.contains(event.target) || button.contains(event.target) || close(false);
  for (const item of items) {
    menu.append(el('button', {type: 'button', role: 'menuitem', tabindex: -1, class: item.danger ? 'danger' : null, onclick: () => {
      close(true);
      item.action();
    }}, icon(item.icon), item.label));
  }
  menu.addEventListener('keydown', (event) => {
    const all = [...menu.children];
    const at = all.indexOf(document.activeElement);
    const to = {ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1}[event.key];
    if (event.key === 'Escape' || event.key === 'Tab') close(true);
    else if (to !== undefined) all[(to + all.length) % all.length].focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  document.body.append(menu);
  place(menu, button.getBoundingClientRect());
  button.setAttribute('aria-expanded', 'true');
  addEventListener('pointerdown', outside, true);
  addEventListener('resize', leave);
  addEventListener('hashchange', leave);
  openOne = {button, close};
  menu.firstElementChild.focus();
  return undefined;
}

// Below the place, or above it where there is no room, and inside the window.
function place(box, at) {
  const below = at.bottom + 6 + box.offsetHeight <= innerHeight;
  box.style.top = `${Math.max(8, below ? at.bottom + 6 : at.top - 6 - box.offsetHeight)}px`;
  box.style.left = `${Math.max(8, Math.min(at.left, innerWidth - box.offsetWidth - 8))}px`;
}

// ---- dialogs --------------------------------------------------------------------------------------------------------

// A dialog with these children; gives what it was closed with ('' for Escape). Focus goes back where it was.
export function openDialog(attributes, ...children) {
  return new Promise((resolve) => {
    const dialog = el('dialog', attributes, children);
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue);
    });
    dialog.addEventListener('click', (event) => event.target === dialog && dialog.close(''));
    document.body.append(dialog);
    dialog.showModal();
  });
}

// A dialog that asks for fields: {title, text?, send, fields: [nodes], read: () => value}; null when it is closed.
export async function askDialog({title, text, send, fields, read, testid}) {
  let value = null;
  const form = el('form', {class: 'dialog', onsubmit: (event) => {
    event.preventDefault();
    value = read();
    form.closest('dialog').close('sent');
  }},
  el('h2', {}, title), text ? el('p', {}, text) : null, fields,
  el('div', {class: 'dialog-foot'},
    el('button', {type: 'button', class: 'button', onclick: () => form.closest('dialog').close('')}, words.cancel),
    el('button', {type: 'submit', class: 'button primary'}, send)));
  return (await openDialog({'aria-label': title, 'data-testid': testid}, form)) === 'sent' ? value : null;
}

export function dialogHead(title) {
  return el('div', {class: 'dialog-head'}, el('h2', {}, title),
    iconButton('close', words.close, (event) => event.currentTarget.closest('dialog').close('')));
}

// ---- toasts ---------------------------------------------------------------------------------------------------------

const kUndoTime = 5000;
const waiting = new Set();  // what is done when its toast closes

function toast(text, button, time, onClose) {
  const box = el('div', {class: 'toast', 'data-testid': 'toast'}, el('span', {}, text), button);
  let left = time;
  let begin = 0;
  let timer = 0;
  const close = (why) => {
    clearTimeout(timer);
    if (!box.isConnected) return;
    box.remove();
    onClose(why);
  };
  const run = () => {
    begin = performance.now();
    timer = setTimeout(() => close('time'), left);
  };
  // Who points at it, or has the focus in it, is still reading.
  for (const kind of ['pointerenter', 'focusin']) {
    box.addEventListener(kind, () => {
      clearTimeout(timer);
      left = Math.max(1500, left - (performance.now() - begin));
    });
  }
  for (const kind of ['pointerleave', 'focusout']) {
    box.addEventListener(kind, () => {
      clearTimeout(timer);
      run();
    });
  }
  byId('toasts').append(box);
  run();
  return close;
}

export function say(text) {
  toast(text, null, 4000, () => {});
}

// Does `action` when the toast closes, `undo` when the person takes it back. `action(leaving)` is told when the page is
// being left. Gives what takes it back.
export function doUnlessUndone(text, action, undo) {
  const entry = {now: () => close('leave')};
  const button = el('button', {type: 'button', class: 'text-button', onclick: () => close('undo')}, words.undo);
  const close = toast(text, button, kUndoTime, (why) => {
    waiting.delete(entry);
    if (why === 'undo') undo();
    else action(why === 'leave');
  });
  waiting.add(entry);
  return () => close('undo');
}

addEventListener('pagehide', () => {
  for (const entry of [...waiting]) entry.now();
});

// ---- previews -------------------------------------------------------------------------------------------------------

// Shows what `content()` gives while `anchor` is pointed at or has the focus.
export function attachPreview(anchor, content) {
  const preview = byId('preview');
  let timer = 0;
  const show = (wait) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!anchor.isConnected) return;
      preview.replaceChildren(...content());
      preview.hidden = false;
      anchor.setAttribute('aria-describedby', 'preview');
      place(preview, anchor.getBoundingClientRect());
    }, wait);
  };
  const hide = () => {
    clearTimeout(timer);
    if (anchor.getAttribute('aria-describedby')) preview.hidden = true;
    anchor.removeAttribute('aria-describedby');
  };
  anchor.addEventListener('pointerenter', (event) => event.pointerType === 'mouse' && show(120));
  anchor.addEventListener('focus', () => anchor.matches(':focus-visible') && show(0));
  for (const kind of ['pointerleave', 'blur', 'click']) anchor.addEventListener(kind, hide);
  anchor.addEventListener('keydown', (event) => event.key === 'Escape' && hide());
}

export function hidePreview() {
  byId('preview').hidden = true;
}
