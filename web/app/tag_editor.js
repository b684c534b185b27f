// A field that holds tags: Enter or a comma adds one, Backspace takes the last one back.
import {el, iconButton} from './dom.js';
import {words} from './strings.js';

const kMostTags = 32;

export function tagEditor(initial) {
  const tags = [...initial];
  const input = el('input', {id: 'tag-field', maxlength: 64, placeholder: words.documents.tagsHint, 'data-testid': 'tag-field'});
  const root = el('div', {class: 'tag-editor'}, input);
  const draw = () => {
    root.replaceChildren(...tags.map((tag) => el('span', {class: 'tag'}, tag, iconButton('close', words.documents.dropTag(tag), () => {
      tags.splice(tags.indexOf(tag), 1);
      draw();
      input.focus();
    }, {class: 'small'}))), input);
  };
  const take = () => {
    const tag = input.value.trim();
    if (tag && !tags.includes(tag) && tags.length < kMostTags) tags.push(tag);
    input.value = '';
    draw();
    input.focus();
  };
  input.addEventListener('keydown', (event) => {
    if ((event.key === 'Enter' || event.key === ',') && input.value.trim()) {
      event.preventDefault();
      take();
    } else if (event.key === 'Backspace' && !input.value && tags.length) {
      tags.pop();
      draw();
      input.focus();
    }
  });
  draw();
  return {root, read: () => [...tags, input.value.trim()].filter((tag, at, all) => tag && all.indexOf(tag) === at)};
}
