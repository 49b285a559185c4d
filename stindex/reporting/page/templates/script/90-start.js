// Theme, keys, and the start.
const THEMES = ['auto', 'light', 'dark'];

function setTheme(theme) {
  if (theme === 'auto') document.documentElement.removeAttribute('data-theme');
  else document.documentElement.setAttribute('data-theme', theme);
  byId('theme').textContent = 'Theme: ' + theme;
  store.set('theme', theme);
}

function nextTheme() {
  const now = document.documentElement.getAttribute('data-theme') || 'auto';
  setTheme(THEMES[(THEMES.indexOf(now) + 1) % THEMES.length]);
}

const keysAreOn = () => byId('keys-on').checked;

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  c: () => index.runs[1] && toggleBaseline(),
  '/': () => { byId('samples').scrollIntoView(); list.fields.q.focus({ preventScroll: true }); list.fields.q.select(); },
  '?': () => byId('keys').showModal(),
};

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !index || byId('keys').open) return;
  const isField = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === 'Escape') return onEscape(event, isField);
  if (isField || !keysAreOn() || !Object.hasOwn(KEYS, event.key)) return;
  event.preventDefault();
  KEYS[event.key]();
}

function onEscape(event, isField) {
  if (isField) { event.preventDefault(); list.box.focus(); } else if (view.current >= 0) close();
}

async function route() {
  const found = readFragment();
  const chosen = Object.fromEntries(CHOICES.filter(name => found[name]).map(name => [name, found[name]]));
  const sample = sampleOfFragment(found);
  if (sample === null) return noSuchSample();
  if (sample < 0 && !Object.keys(chosen).length) return false;
  if (sample < 0 || Object.keys(chosen).length) await choose(chosen);
  if (sample < 0) byId('samples').scrollIntoView();
  else await openFromLink(sample);
  return true;
}

async function openFromLink(sample) {
  if (!view.samples.length || !view.places.has(sample)) await choose({});
  await open(sample);
}

async function noSuchSample() {
  await choose({});
  list.detail.replaceChildren(element('p', { class: 'box' }, 'No sample of this page has the id that the link names.'));
  byId('samples').scrollIntoView();
  say('No such sample');
  return true;
}

async function start() {
  document.documentElement.classList.add('on');
  setTheme(THEMES.includes(store.get('theme')) ? store.get('theme') : 'auto');
  view.baseline = store.get('baseline') !== 'off';
  byId('theme').addEventListener('click', nextTheme);
  byId('help').addEventListener('click', () => byId('keys').showModal());
  byId('keys-close').addEventListener('click', () => byId('keys').close());
  document.addEventListener('keydown', onKey);
  try {
    index = await unpack('index');
    index.runs.forEach(derive);
    addDimensions();
    index.bits = [...new Set(index.kinds.map(([, kind]) => kind))];
    view.numbers = new Map(index.ids.map((id, sample) => [id, sample]));
    buildList();
    if (!await route()) await apply();
    addEventListener('hashchange', route);
    performance.mark('usable');
  } catch (problem) {
    byId('app').replaceChildren(element('p', { class: 'box' }, 'The samples cannot be shown: ' + problem.message + ' Everything else on this page is complete.'));
    performance.mark('failed');
  }
}

start();
