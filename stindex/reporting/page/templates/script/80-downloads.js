// Copying and saving: the figures as JSON and CSV, the samples of the list as CSV.
function save(name, text, type) {
  const address = URL.createObjectURL(new Blob([text], { type: type || 'text/plain' }));
  const link = element('a', { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

async function copy(text, what) {
  let done = true;
  try { await navigator.clipboard.writeText(text); } catch { done = copyOldWay(text); }
  say(done ? what + ' copied' : 'The browser does not allow copying');
  return done;
}

function copyOldWay(text) {
  const holder = element('textarea', { readonly: true });
  holder.value = text;
  document.body.append(holder);
  holder.select();
  const done = document.execCommand('copy');
  holder.remove();
  return done;
}

function copyButton(label, text, what) {
  const made = element('button', { type: 'button', onclick: async () => {
    if (!await copy(text(), what)) return;
    made.textContent = 'Copied';
    setTimeout(() => { made.textContent = label; }, 1200);
  } }, label);
  return made;
}

// A cell that a spreadsheet would take for a formula gets an apostrophe before it.
function cell(value) {
  if (value == null) return '';
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? "'" + value : String(value);
  return /[",\n\r]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
}

const csv = rows => rows.map(row => row.map(cell).join(',')).join('\r\n') + '\r\n';

function flatMetrics(block, prefix, rows) {
  for (const [key, value] of Object.entries(block)) {
    if (key === 'n' || key.endsWith('_ci95')) continue;
    if (value && typeof value === 'object' && !Array.isArray(value)) flatMetrics(value, prefix + key + '.', rows);
    else if (value == null || typeof value === 'number') rows.push([prefix + key, value, ...(block[key + '_ci95'] || [null, null]), block.n && block.n[key]]);
  }
  return rows;
}

// Kinds that have no words of their own are those that a dimension cannot have, unless it has.
function kindsToSave(run) {
  const made = new Set(run.kinds.flatMap(kinds => [...kinds.keys()]));
  return index.kinds.map(([dimension, kind, one], i) => ({ name: `${dimension}_${kind}`, i, known: one !== kind || made.has(i) })).filter(kind => kind.known);
}

function sampleTable() {
  const run = index.runs[0], base = index.runs[1], parts = Object.entries(index.parts), kinds = kindsToSave(run);
  const heads = ['id', ...parts.map(([key]) => key), 'characters', 'outcome', ...index.dimensions.map(name => `${name}_f1`), 'largest_km', 'seconds', 'tokens', 'assertions_missed', ...kinds.map(kind => kind.name), 'errors', 'baseline_errors', 'against_baseline'];
  return [heads, ...view.samples.map(i => [index.ids[i], ...parts.map(([, { values, codes }]) => values[codes[i]]), index.lengths[i], index.outcomes[run.outcome[i]], ...run.f1.map(column => column[i]), run.km[i], run.seconds[i], run.tokens[i], run.missed[i], ...kinds.map(kind => run.kinds[i].get(kind.i) || 0), run.wrong[i], base ? base.wrong[i] : null, changeOf(i)])];
}

const SAVED = {
  'metrics.json': async () => [await unpack('summary'), 'application/json'],
  'metrics.csv': async () => [csv([['metric', 'value', 'low95', 'high95', 'n'], ...flatMetrics(JSON.parse(await unpack('summary')).metrics, '', [])]), 'text/csv'],
  'samples.csv': async () => [csv(sampleTable()), 'text/csv'],
};

for (const button of document.querySelectorAll('[data-save]')) {
  button.addEventListener('click', async () => save(button.dataset.save, ...await SAVED[button.dataset.save]()));
}
