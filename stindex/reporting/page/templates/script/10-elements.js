// Elements and text. Whatever comes from a sample or a model enters the page through text nodes.
const byId = id => document.getElementById(id);

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value == null || value === false) continue;
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children.flat().filter(child => child != null && child !== false));
  return made;
}

const say = text => { byId('status').textContent = text; };
const counted = (number, one, several) => `${number} ${number === 1 ? one : several || one + 's'}`;

// Controls, marks of direction and other invisible characters, as `visible.py` has them.
const HIDDEN = new RegExp('\\r(?!\\n)|[\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f'
  + '\\u00ad\\u061c\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb'
  + '\\ufffe\\uffff\\ud800-\\udfff\\u{e0000}-\\u{e007f}]', 'gu');

function visible(text) {
  HIDDEN.lastIndex = 0;
  if (!HIDDEN.test(text)) return text;
  const shown = document.createDocumentFragment();
  let from = 0;
  for (const found of text.matchAll(HIDDEN)) {
    const code = found[0].codePointAt(0).toString(16).toUpperCase().padStart(4, '0');
    shown.append(text.slice(from, found.index), element('i', { class: 'ctl' }, 'U+' + code));
    from = found.index + found[0].length;
  }
  shown.append(text.slice(from));
  return shown;
}

// Grouped digits; a number that is not known is a dash.
const number = value => value == null ? '–' : value >= 10000
  ? Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, '\u202f') : String(value);
const share = value => value == null ? '–' : value.toFixed(3);
const kilometres = value => value == null ? '–' : value < 100 ? value.toFixed(1) : number(Math.round(value));
const degrees = value => value.toFixed(2).replace('-', '−');
const seconds = value => value == null ? '–' : `${value} s`;

// A browser that keeps nothing for local files is no reason to fail.
const store = {
  get(key) { try { return localStorage.getItem('stindex-' + key); } catch { return null; } },
  set(key, value) { try { localStorage.setItem('stindex-' + key, value); } catch { /* kept nowhere */ } },
};
