// The compressed blocks behind the page: one for each pack of samples and kind of content.
let index;

function bytesOf(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  return Uint8Array.from(atob(base64), character => character.charCodeAt(0));
}

async function unpack(name) {
  const holder = byId('block-' + name);
  if (!holder) return null;
  if (!self.DecompressionStream) throw new Error('This browser cannot unpack the samples; it needs to be of 2023 or later.');
  const stream = new Blob([bytesOf(holder.textContent)]).stream();
  return new Response(stream.pipeThrough(new DecompressionStream('deflate'))).json();
}

const parsed = new Promise(done => {
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', done, { once: true });
  else done();
});

const packs = new Map();

function part(letter, pack) {
  const id = letter + pack;
  if (!packs.has(id)) {
    // The parser may not have come to a block yet; waiting for it is only worth it if it is not there.
    const found = (byId('block-' + id) ? Promise.resolve() : parsed).then(() => unpack(id));
    found.catch(() => packs.delete(id));
    packs.set(id, found);
  }
  return packs.get(id);
}

async function rowOf(letter, sample) {
  const found = await part(letter, Math.floor(sample / index.pack));
  return found && found[sample % index.pack];
}

async function columnsOf(letter, sample) {
  const found = await part(letter, Math.floor(sample / index.pack));
  return found && found.map(column => column[sample % index.pack]);
}

// A long text stands as its beginning and the length of the whole.
const whole = text => Array.isArray(text) ? { text: text[0], length: text[1] } : { text, length: text.length };

async function textOf(sample) {
  const found = await rowOf('t', sample) ?? await rowOf('u', sample);
  return found == null ? null : whole(found);
}

async function rawOf(run, sample) {
  const found = run === 1 ? await rowOf('a', sample) : await rowOf('r', sample) ?? await rowOf('q', sample);
  return found == null ? null : { raw: whole(found[0]), thought: whole(found[1]) };
}

const DIMENSIONS_AT = 3;

async function sampleOf(sample) {
  const row = await columnsOf('d', sample);
  if (!row) return null;
  const n = index.dimensions.length, at = DIMENSIONS_AT;
  return {
    length: row[0], date: row[1], facts: row[2],
    layers: row.slice(at, at + n), gold: row.slice(at + n, at + 2 * n),
    answers: [answerOf(row.slice(at + 2 * n)), await baselineOf(sample)],
  };
}

async function baselineOf(sample) {
  const row = await columnsOf('b', sample);
  return row && row[0] ? answerOf(row) : null;
}

function answerOf(row) {
  const n = index.dimensions.length;
  return { pairs: row.slice(0, n), facts: row[n], reason: row[n + 1], missed: row[n + 2] };
}

// What all columns of the index are derived into, once.
function derive(run) {
  run.kinds = run.errors.map(flat => {
    const found = new Map();
    for (let i = 0; i < flat.length; i += 2) found.set(flat[i], flat[i + 1]);
    return found;
  });
  run.wrong = run.kinds.map(kinds => [...kinds.values()].reduce((sum, count) => sum + count, 0));
}
