// One sample in full: text, pairs and raw answer, of this run and beside it of the baseline.
const LAYERS = ['not annotated, so it is not scored', '', 'annotated in part: what is not in the gold may still be right'];

async function open(sample, focus) {
  view.current = sample;
  reveal();
  paint();
  writeFragment();
  const id = index.ids[sample];
  let parts;
  try { parts = await Promise.all([sampleOf(sample), textOf(sample), rawOf(0, sample), rawOf(1, sample)]); } catch (problem) { parts = problem; }
  if (view.current !== sample) return;
  if (parts instanceof Error) list.detail.replaceChildren(element('p', { class: 'box' }, parts.message));
  else list.detail.replaceChildren(...detailOf(sample, ...parts).filter(Boolean));
  list.split.classList.add('open');
  if (focus) list.detail.focus({ preventScroll: true });
  const top = list.detail.getBoundingClientRect().top;
  if (top < 50 || top > innerHeight * 0.6) list.split.scrollIntoView({ block: 'start' });
  say('Sample ' + id);
}

function close() {
  view.current = -1;
  list.detail.replaceChildren(hint());
  list.split.classList.remove('open');
  paint();
  writeFragment();
  list.box.focus();
}

function detailOf(sample, row, text, raw, baselineRaw) {
  const heading = element('div', { class: 'detail-head' },
    element('button', { type: 'button', class: 'back', onclick: close }, '← List'),
    element('h3', { dir: 'auto' }, visible(index.ids[sample])), element('span', { class: 'small' }, factsOf(sample, row)));
  if (!row) return [heading, element('p', { class: 'box' }, 'This page has no room for what this sample holds; it is in detailed_results.json.'), figuresOf(sample)];
  const shown = row.answers[1] && view.baseline ? [0, 1] : [0];
  const raws = [raw, baselineRaw];
  const columns = shown.map(run => columnOf(sample, run, row, text, raws[run], shown.length > 1 && raws[1 - run]));
  levelLines(columns);
  return [heading, actionsOf(sample, row), text && legend(), missingText(sample, text), element('div', { class: 'runs' + (shown.length > 1 ? ' both' : '') }, columns)];
}

function factsOf(sample, row) {
  const facts = row ? row.facts.map(([name, value]) => [visible(`${name}: ${value}`), ' · ']) : [];
  return [facts, `${number(index.lengths[sample])} characters`, row && row.date ? [' · reference date ', visible(row.date)] : null].flat(3);
}

function figuresOf(sample) {
  const run = index.runs[0];
  return element('p', { class: 'small' }, index.dimensions.map((name, d) => `${name} F1 ${share(run.f1[d][sample])}; `), summaryOf(sample));
}

function missingText(sample, text) {
  if (text) return text.length > text.text.length ? element('p', { class: 'small' }, `The beginning of the text; the whole has ${number(text.length)} characters.`) : null;
  return element('p', { class: 'small' }, index.texts ? 'This page has no room for this text; it is in the data set.' : 'This page was written without texts and answers.');
}

function actionsOf(sample, row) {
  const actions = [
    copyButton('Copy link', () => location.href.split('#')[0] + '#' + sampleLink(sample), 'Link'),
    copyButton('Copy the command that reruns it', () => rerunCommand(index.ids[sample]), 'Command'),
  ];
  if (row.answers[1]) actions.push(element('button', { type: 'button', 'aria-pressed': String(view.baseline), onclick: toggleBaseline }, 'Baseline beside it'));
  return element('p', { class: 'actions' }, actions);
}

const quoted = word => /^[\w@%+=:,./-]+$/.test(word) ? word : "'" + word.replace(/'/g, "'\\''") + "'";

function rerunCommand(id) {
  return ['pytest', 'eval_tests', ...index.rerun, '--sample-id', id, '--fresh'].map(quoted).join(' ');
}

function legend() {
  const mark = (names, words) => names.reduceRight((inner, name) => element('span', { class: name + ' l0' }, inner), words);
  return element('p', { class: 'legend' }, [[['g'], 'gold', ' line below'], [['p'], 'model', ' line above'], [['g missed'], 'missed', ' dashed'], [['p spurious'], 'spurious', ' dotted'], [['g wrong', 'p wrong'], 'found, something wrong', '']]
    .map(([names, words, after]) => element('span', {}, mark(names, words), after)), element('span', {}, 't, s: row in the tables'));
}

function columnOf(sample, run, row, text, raw, other) {
  const answer = row.answers[run], pairs = readPairs(row, answer);
  const marked = text && markedText(text.text, pairs.flat());
  return element('div', { class: 'run' },
    index.runs[1] ? element('h4', {}, index.runs[run].name) : null,
    element('p', { class: 'small' }, outcomeOf(sample, run), ...answerFacts(answer.facts)),
    answer.reason ? element('p', { class: 'reason' }, element('b', { class: 'bad' }, 'Why: '), visible(answer.reason)) : null,
    (answer.missed || []).map(sentence => element('p', { class: 'reason' }, element('b', { class: 'bad' }, '✗ missed: '), visible(sentence))),
    marked, index.dimensions.map((name, d) => pairTable(name, row.layers[d], pairs[d], text)),
    rawDetails(sample, run, raw, other));
}

function outcomeOf(sample, run) {
  const outcome = index.outcomes[index.runs[run].outcome[sample]];
  const wrong = counted(index.runs[run].wrong[sample], 'error');
  return [outcome === 'ok' ? element('b', { class: 'good' }, '✓ ok') : element('b', { class: 'bad' }, `✗ ${outcome}`), `; ${wrong}; `];
}

function answerFacts(facts) {
  if (!facts) return ['nothing more is kept of this answer.'];
  const [reason, prompt, written, thought, time, batch, steps, attempt, origin] = facts;
  const found = [`finish reason ${reason}`, `${number(prompt)} tokens in, ${number(written)} out` + (thought ? `, ${number(thought)} of them thought` : ''), seconds(time) + (batch > 1 ? ` in a batch of ${batch}` : '')];
  if (steps) found.push(`the grammar stepped in ${counted(steps, 'time')}`);
  if (attempt > 1) found.push(`attempt ${attempt}`);
  if (origin) found.push(`taken over from run ${origin}`);
  return [visible(found.join('; ') + '.')];
}

function pairTable(name, layer, pairs, text) {
  const title = name[0].toUpperCase() + name.slice(1);
  const remark = LAYERS[layer] || (pairs.length ? '' : 'nothing in the gold, nothing found');
  if (!pairs.length) return element('p', { class: 'small' }, element('b', {}, title), ': ', remark, '.');
  const heads = ['No.', 'Verdict', 'Gold', 'Model', name === 'spatial' ? 'km off' : ''];
  return element('table', { class: 'pairs' }, element('caption', {}, element('b', {}, title), remark ? ': ' + remark : ''),
    element('thead', {}, element('tr', {}, heads.map((head, i) => head ? element('th', { scope: 'col', class: i > 3 ? 'n' : null }, i < 2 ? element('span', { class: 'vh' }, head) : head) : element('td', {})))),
    element('tbody', {}, pairs.map(pair => pairRow(pair, text))));
}

function pairRow(pair, text) {
  const state = !pair.judged ? ['quiet', '○'] : pair.errors.length ? ['bad', '✗'] : ['good', '✓'];
  return element('tr', { 'data-n': pair.number }, element('th', { scope: 'row' }, pair.number), element('td', { class: 'st ' + state[0] }, `${state[1]} ${verdictOf(pair)}`),
    element('td', {}, mentionCell(pair.gold, text, [])), element('td', {}, mentionCell(pair.predicted, text, pair.errors)),
    element('td', { class: 'n' + (pair.errors.includes('place') ? ' x' : '') }, pair.dimension === 'spatial' && pair.gold && pair.predicted ? kilometres(pair.km) : ''));
}

function mentionCell(mention, text, errors) {
  if (!mention) return element('span', { class: 'none' }, '–');
  const words = wordsOf(mention, text), at = mention.span ? `characters ${mention.span[0]} to ${mention.span[1]}` : 'not in the text';
  return [words == null ? element('span', { class: 'none' }, at) : element('bdi', { class: errors.includes('boundary') ? 'x' : null }, visible(words)),
    element('span', { class: 'val' }, element('code', { class: errors.includes('value') || errors.includes('place') ? 'x' : null }, visible(mention.value || '–')), ' ',
      mention.type ? element('span', { class: errors.includes('type') ? 'x' : null }, visible(mention.type)) : null,
      mention.note ? element('span', { class: 'place' }, visible(mention.note)) : null)];
}

function rawDetails(sample, run, raw, other) {
  if (!raw) return index.texts ? element('p', { class: 'small' }, run ? 'The baseline’s raw answer is not on this page.' : 'The raw answer is in detailed_results.json.') : null;
  const isOk = index.outcomes[index.runs[run].outcome[sample]] === 'ok';
  return [
    raw.thought.length ? textDetails('Thought', raw.thought, false) : null,
    textDetails('Raw answer', raw.raw, !isOk, other && other.raw, run),
  ];
}

function textDetails(title, found, isOpen, other, run) {
  const shown = element('pre', { tabindex: '0', dir: 'auto' }, visible(found.text) || '(empty)');
  const actions = element('p', { class: 'actions' }, copyButton('Copy', () => found.text, title), element('button', { type: 'button', onclick: () => save(title.toLowerCase().replace(' ', '-') + '.txt', found.text) }, 'Save'));
  if (other && other.text !== found.text) actions.append(element('button', { type: 'button', onclick: event => { markChanges(shown, found.text, other.text); event.target.remove(); } }, run ? 'Mark what this run does not have' : 'Mark what the baseline does not have'));
  const cut = found.length > found.text.length ? element('p', { class: 'small' }, 'Cut off here; the whole is in detailed_results.json.') : null;
  return element('details', { open: isOpen }, element('summary', {}, `${title}, ${number(found.length)} characters`), shown, cut, actions);
}

// ── Words of one answer that the other does not have, by their longest common subsequence ──
const MOST_WORDS = 1500;

function markChanges(holder, text, other) {
  const ours = text.match(/\s+|[\p{L}\p{N}_.-]+|./gsu) || [], theirs = other.match(/\s+|[\p{L}\p{N}_.-]+|./gsu) || [];
  if (ours.length > MOST_WORDS || theirs.length > MOST_WORDS) return say('These answers are too long to be compared word by word.');
  const kept = commonWords(ours, theirs);
  holder.replaceChildren(...ours.map((word, i) => kept.has(i) || !word.trim() ? visible(word) : element('ins', {}, visible(word))));
}

function commonWords(a, b) {
  const width = b.length + 1, lengths = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) for (let j = b.length - 1; j >= 0; j--) {
    lengths[i * width + j] = a[i] === b[j] ? 1 + lengths[(i + 1) * width + j + 1] : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
  }
  const kept = new Set();
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) { kept.add(i++); j++; } else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) i++; else j++;
  }
  return kept;
}

// The same leading on both sides: lines of the two runs stay level.
function levelLines(columns) {
  const texts = columns.map(column => column.querySelector('.text')).filter(Boolean);
  const lanes = Math.max(1, ...texts.map(text => Number(text.dataset.lanes)));
  for (const text of texts) text.className = 'text d' + lanes;
}

function toggleBaseline() {
  view.baseline = !view.baseline;
  store.set('baseline', view.baseline ? 'on' : 'off');
  if (view.current >= 0) open(view.current);
}

document.addEventListener('pointerover', event => {
  const at = event.target.closest && event.target.closest('.run [data-n]');
  for (const lit of document.querySelectorAll('.run .on')) lit.classList.remove('on');
  if (at) for (const twin of at.closest('.run').querySelectorAll(`[data-n="${at.dataset.n}"]`)) twin.classList.add('on');
});
