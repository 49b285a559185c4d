// Which samples are in the list, and in which order.
const view = { samples: [], places: new Map(), numbers: new Map(), current: -1, chosen: {}, baseline: true };

const METRICS = {
  __proto__: null,
  errors: ['errors', sample => index.runs[0].wrong[sample]],
  km: ['largest distance, km', sample => index.runs[0].km[sample]],
  seconds: ['seconds', sample => index.runs[0].seconds[sample]],
  tokens: ['tokens written', sample => index.runs[0].tokens[sample]],
  length: ['characters', sample => index.lengths[sample]],
};

const ORDERS = {
  __proto__: null,
  worst: ['most errors', sample => -index.runs[0].wrong[sample]],
  loss: ['largest loss', sample => index.runs[1] ? index.runs[1].wrong[sample] - index.runs[0].wrong[sample] : 0],
  km: ['largest distance', sample => -(index.runs[0].km[sample] ?? -1)],
  seconds: ['slowest', sample => -(index.runs[0].seconds[sample] ?? 0)],
  tokens: ['most tokens', sample => -(index.runs[0].tokens[sample] ?? 0)],
  length: ['longest text', sample => -index.lengths[sample]],
};

// Each dimension has an F1 to choose and to sort by; which there are is known once the index is there.
function addDimensions() {
  index.dimensions.forEach((name, d) => {
    METRICS[name] = [`${name} F1`, sample => index.runs[0].f1[d][sample]];
    ORDERS[name] = [`lowest ${name} F1`, sample => index.runs[0].f1[d][sample] ?? 2];
  });
}

const CHANGES = { __proto__: null, worse: 'more errors than before', better: 'fewer errors than before', other: 'other answer, as many errors', same: 'nothing' };

function changeOf(sample) {
  if (!index.runs[1]) return '';
  const [now, before] = index.runs.map(run => run.wrong[sample]);
  if (now !== before) return now > before ? 'worse' : 'better';
  return index.same[sample] === 0 ? 'other' : 'same';
}

function tests(chosen) {
  const run = index.runs[0], found = [];
  if (chosen.outcome) found.push(sample => index.outcomes[run.outcome[sample]] === chosen.outcome);
  if (chosen.error) found.push(errorTest(chosen.error, run));
  if (chosen.changed) found.push(changeTest(chosen.changed));
  if (chosen.part) found.push(partTest(chosen.part));
  if (METRICS[chosen.metric] && (chosen.from || chosen.to)) found.push(rangeTest(chosen));
  return found;
}

function errorTest(wanted, run) {
  if (wanted === 'any') return sample => run.wrong[sample] > 0;
  if (wanted === 'none') return sample => run.wrong[sample] === 0;
  if (wanted === 'missed') return sample => run.missed[sample] > 0;
  const kind = index.kinds.findIndex(([dimension, name]) => `${dimension}.${name}` === wanted);
  return sample => run.kinds[sample].has(kind);
}

function changeTest(wanted) {
  if (wanted in CHANGES) return sample => changeOf(sample) === wanted;
  const flipped = new Set(Object.hasOwn(index.flips, wanted) ? index.flips[wanted] : []);
  return sample => flipped.has(sample);
}

function partTest(wanted) {
  for (const [key, { values, codes }] of Object.entries(index.parts)) {
    const code = values.findIndex(value => `${key}: ${value}` === wanted);
    if (code >= 0) return sample => codes[sample] === code;
  }
  return () => false;
}

function rangeTest({ metric, from, to }) {
  const low = from ? Number(from) : -Infinity, high = to ? Number(to) : Infinity;
  return sample => {
    const value = METRICS[metric][1](sample);
    return value != null && value >= low && value <= high;
  };
}

function select(chosen) {
  const wanted = tests(chosen);
  const samples = [];
  for (let sample = 0; sample < index.ids.length; sample++) if (wanted.every(test => test(sample))) samples.push(sample);
  const order = ORDERS[chosen.sort];
  if (order) samples.sort((a, b) => order[1](a) - order[1](b) || a - b);
  return samples;
}

// ── Search: unpacks pack after pack, and lets the page breathe in between ──
const searched = new Map();

async function searchable(pack) {
  if (!searched.has(pack)) {
    const parts = await Promise.all(['t', 'u', 'r', 'q', 'a'].map(letter => part(letter, pack)));
    const ids = index.ids.slice(pack * index.pack, (pack + 1) * index.pack);
    searched.set(pack, ids.map((id, i) => JSON.stringify([id, ...parts.map(rows => rows && rows[i])], keepText).toLowerCase()));
  }
  return searched.get(pack);
}

const keepText = (_, value) => value === null ? '' : value;

async function search(samples, words, isCurrent) {
  const needle = JSON.stringify(words.toLowerCase()).slice(1, -1);
  const wanted = [...new Set(samples.map(sample => Math.floor(sample / index.pack)))].sort((a, b) => a - b);
  const hits = new Set();
  let rested = performance.now();
  for (const [done, pack] of wanted.entries()) {
    for (const ahead of wanted.slice(done + 1, done + 3)) searchable(ahead).catch(() => {});
    (await searchable(pack)).forEach((text, i) => { if (text.includes(needle)) hits.add(pack * index.pack + i); });
    if (performance.now() - rested > 60) {
      list.count.textContent = `Searching… ${Math.round(100 * done / wanted.length)} %`;
      await new Promise(done => setTimeout(done));
      rested = performance.now();
    }
    if (!isCurrent()) return null;
  }
  return samples.filter(sample => hits.has(sample));
}

let task = 0;

async function apply() {
  const mine = ++task;
  let samples = select(view.chosen);
  if (view.chosen.q) samples = await search(samples, view.chosen.q, () => mine === task);
  if (!samples) return;
  view.samples = samples;
  view.places = new Map(samples.map((sample, place) => [sample, place]));
  showCount();
  list.filler.style.height = Math.max(ROW * samples.length, 60) + 'px';
  list.box.scrollTop = 0;
  if (view.current >= 0) reveal();
  paint();
  writeFragment();
}

function choose(chosen) {
  view.chosen = chosen;
  for (const name of CHOICES) if (list.fields[name]) list.fields[name].value = chosen[name] || '';
  return apply();
}
