// The address: the fragment holds all that is chosen, so that a link shows what its sender saw.
const CHOICES = ['q', 'outcome', 'error', 'changed', 'part', 'metric', 'from', 'to', 'sort'];

function fragmentOf(sample, chosen) {
  const pairs = [];
  if (sample >= 0) pairs.push(sampleLink(sample));
  for (const name of CHOICES) if (chosen[name]) pairs.push(`${name}=${encoded(chosen[name])}`);
  return pairs.length ? '#' + pairs.join('&') : '#samples';
}

function sampleLink(sample) {
  const id = index.ids[sample];
  // Half of a surrogate pair cannot stand in an address: such a sample goes by its number.
  return id.isWellFormed && !id.isWellFormed() ? `n=${sample + 1}` : `sample=${encoded(id)}`;
}

function encoded(text) {
  try { return encodeURIComponent(text).replace(/[!'()*]/g, c => '%' + c.charCodeAt(0).toString(16)); } catch { return ''; }
}

function readFragment() {
  const found = {};
  for (const pair of location.hash.slice(1).split('&')) {
    const at = pair.indexOf('=');
    if (at > 0) try { found[pair.slice(0, at)] = decodeURIComponent(pair.slice(at + 1)); } catch { /* no such thing */ }
  }
  return found;
}

function sampleOfFragment(found) {
  if (found.n != null) return index.ids[found.n - 1] === undefined ? null : found.n - 1;
  if (found.sample == null) return -1;
  return view.numbers.get(found.sample) ?? null;
}

// A plain opening gets no fragment: the browser would scroll to it, away from the verdict.
function writeFragment() {
  const fragment = fragmentOf(view.current, view.chosen);
  if (fragment === '#samples' && !location.hash.includes('=')) return;
  try { history.replaceState(null, '', fragment); } catch { location.hash = fragment; }
}
