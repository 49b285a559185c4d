// The form of filters and the list, of which only the rows in sight are elements.
const ROW = 56;
const list = { fields: {} };

function buildList() {
  list.count = element('span', { role: 'status' });
  list.clear = element('button', { type: 'button', onclick: () => choose({}) }, 'Clear filters');
  list.filler = element('div', { class: 'filler', role: 'presentation' });
  list.box = element('div', { class: 'list', role: 'listbox', tabindex: '0', 'aria-label': 'Samples', onscroll: schedulePaint, onkeydown: onListKey }, list.filler);
  list.detail = element('article', { class: 'detail', 'aria-label': 'Sample', tabindex: '-1' }, hint());
  list.split = element('div', { class: 'split' }, list.box, list.detail);
  list.filler.addEventListener('click', event => {
    const row = event.target.closest('.row');
    if (row) open(Number(row.dataset.sample), true);
  });
  byId('app').replaceChildren(buildForm(), element('p', { class: 'count-line' }, list.count, list.clear), list.split);
}

function buildForm() {
  const fields = [field('q', 'Search texts, answers and ids', { type: 'search', placeholder: '/', autocomplete: 'off', spellcheck: 'false' })];
  fields.push(selection('outcome', 'Outcome', 'any', index.outcomes.filter((_, i) => index.runs[0].outcome.includes(i)).map(name => [name, name])));
  fields.push(selection('error', 'Error', 'all', errorChoices()));
  if (index.runs[1]) fields.push(selection('changed', 'Against the baseline', 'all', changeChoices()));
  const parts = Object.entries(index.parts).flatMap(([key, { values }]) => values.map(value => [`${key}: ${value}`, `${key}: ${value}`]));
  if (parts.length) fields.push(selection('part', 'Part of the data', 'all', parts));
  fields.push(selection('metric', 'Range of', 'no number', Object.entries(METRICS).map(([name, [label]]) => [name, label])));
  fields.push(field('from', 'from', { type: 'number', step: 'any' }), field('to', 'to', { type: 'number', step: 'any' }));
  const orders = Object.entries(ORDERS).filter(([name]) => name !== 'loss' || index.runs[1]);
  fields.push(selection('sort', 'Order', 'as in the file', orders.map(([name, [label]]) => [name, label])));
  return element('form', { class: 'filters', role: 'search', 'aria-label': 'Filter the samples', onsubmit: event => event.preventDefault() }, fields);
}

function errorChoices() {
  const made = new Set(index.runs[0].kinds.flatMap(kinds => [...kinds.keys()]));
  const kinds = index.kinds.map(([dimension, kind, , several], i) => [`${dimension}.${kind}`, several, i]);
  const missed = index.runs[0].missed.some(Boolean) ? [['missed', 'an assertion does not hold']] : [];
  return [['any', 'any error'], ['none', 'no error'], ...missed, ...kinds.filter(([, , i]) => made.has(i))];
}

function changeChoices() {
  const flips = { broken: 'broken', fixed: 'fixed' };
  return [...Object.entries(flips).filter(([name]) => index.flips[name]), ...Object.entries(CHANGES)];
}

function field(name, label, attributes) {
  list.fields[name] = element('input', { ...attributes, name, oninput: onChoice });
  return element('label', { class: 'f-' + name }, label, list.fields[name]);
}

function selection(name, label, none, choices) {
  const options = [['', none], ...choices].map(([value, text]) => element('option', { value }, visible(text)));
  list.fields[name] = element('select', { name, onchange: onChoice }, options);
  return element('label', { class: 'f-' + name }, label, list.fields[name]);
}

let typing;
function onChoice() {
  const chosen = {};
  for (const name of CHOICES) if (list.fields[name] && list.fields[name].value) chosen[name] = list.fields[name].value;
  view.chosen = chosen;
  clearTimeout(typing);
  typing = setTimeout(apply, 90);
}

function hint() {
  const keys = keysAreOn() ? [', or press ', element('kbd', {}, 'j'), ' for the first one and ', element('kbd', {}, '?'), ' for all keys.'] : '.';
  return element('p', { class: 'hint small' }, 'Select a sample', keys);
}

function showCount() {
  list.count.textContent = `${number(view.samples.length)} of ${number(index.ids.length)} ${index.ids.length === 1 ? 'sample' : 'samples'}`;
  list.clear.hidden = Object.keys(view.chosen).length === 0;
}

let scheduled = 0;
function schedulePaint() { scheduled ||= requestAnimationFrame(paint); }

function paint() {
  scheduled = 0;
  const first = Math.max(0, Math.floor(list.box.scrollTop / ROW) - 6);
  const last = Math.min(view.samples.length, first + Math.ceil(list.box.clientHeight / ROW) + 12);
  const rows = [];
  for (let place = first; place < last; place++) rows.push(rowAt(place));
  if (!view.samples.length) rows.push(element('p', { class: 'nothing' }, 'No sample is like that. Clear a filter.'));
  list.filler.replaceChildren(...rows);
  const active = view.places.has(view.current) && byId('row-' + view.current);
  if (active) list.box.setAttribute('aria-activedescendant', active.id);
  else list.box.removeAttribute('aria-activedescendant');
}

function rowAt(place) {
  const sample = view.samples[place];
  const row = element('div', {
    class: 'row', role: 'option', id: 'row-' + sample, 'data-sample': sample, 'aria-selected': String(sample === view.current),
    'aria-setsize': view.samples.length, 'aria-posinset': place + 1,
  }, element('b', { dir: 'auto' }, visible(index.ids[sample])), element('span', {}, changeMark(sample), summaryOf(sample)));
  row.style.top = place * ROW + 'px';
  return row;
}

function changeMark(sample) {
  const change = changeOf(sample);
  if (change !== 'worse' && change !== 'better') return null;
  const [now, before] = index.runs.map(run => run.wrong[sample]);
  return element('i', { class: change }, `${change === 'worse' ? '▼' : '▲'} ${before} → ${now}  `);
}

function summaryOf(sample) {
  const run = index.runs[0], outcome = index.outcomes[run.outcome[sample]];
  if (outcome !== 'ok') return element('i', { class: 'bad' }, `✗ ${outcome}`);
  const made = [...run.kinds[sample]].map(([kind, count]) => counted(count, ...index.kinds[kind].slice(2)));
  return made.join(', ') || 'no errors';
}

function reveal() {
  const place = view.places.get(view.current);
  if (place == null) return;
  const top = place * ROW, box = list.box;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + ROW > box.scrollTop + box.clientHeight) box.scrollTop = top + ROW - box.clientHeight;
}

function step(by) {
  const place = view.places.get(view.current);
  const next = place == null ? 0 : Math.min(view.samples.length - 1, Math.max(0, place + by));
  if (view.samples[next] != null) open(view.samples[next]);
}

function onListKey(event) {
  const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -1e9, End: 1e9 }[event.key];
  if (by) { event.preventDefault(); step(by); } else if (event.key === 'Enter' && view.current >= 0) list.detail.focus();
}
