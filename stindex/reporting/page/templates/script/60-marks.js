// A text with its mentions: a line below the words is the gold, a line above them the model's.
const LANES = 4;

// Pairs of one answer, with what they stand for filled in. `span` is [start, end) or null.
function readPairs(row, answer) {
  const unjudged = 1 << index.bits.length;
  return index.dimensions.map((dimension, d) => answer.pairs[d].map(([gold, bits, km, predicted], i) => {
    const goldMention = gold < 0 ? null : mentionOf(row.gold[d][gold], dimension);
    const found = predicted == null ? null : predictionOf(predicted, goldMention, dimension);
    return { dimension, number: dimension[0] + (i + 1), gold: goldMention, predicted: found, km, errors: kindsOf(bits), judged: !(bits & unjudged) };
  }));
}

const kindsOf = bits => index.bits.filter((_, i) => bits & (1 << i));

const valueSize = dimension => dimension === 'spatial' ? 4 : 2;

function mentionOf(packed, dimension) {
  const n = valueSize(dimension), [start, length, words] = packed.slice(n);
  return { ...valueOf(packed, dimension), span: start == null ? null : [start, start + length], words };
}

function predictionOf(packed, gold, dimension) {
  if (packed === 1) return gold;
  if (packed.length === valueSize(dimension)) return { ...valueOf(packed, dimension), span: gold.span, words: gold.words };
  return mentionOf(packed, dimension);
}

function valueOf(packed, dimension) {
  if (dimension !== 'spatial') return { value: packed[0], type: packed[1] };
  const [latitude, longitude, type, note] = packed;
  return { value: latitude == null || longitude == null ? '–' : `${degrees(latitude)}, ${degrees(longitude)}`, located: latitude != null, type, note };
}

const wordsOf = (mention, text) => mention.words != null && (mention.words || !mention.span) ? mention.words
  : text && mention.span ? text.text.slice(...mention.span) : null;

function stateOf(pair) {
  if (!pair.judged) return 'unjudged';
  if (!pair.predicted) return 'missed';
  if (!pair.gold) return 'spurious';
  return pair.errors.length ? 'wrong' : '';
}

function linesOf(pairs, side, length) {
  const lines = [], ends = [];
  for (const pair of pairs) {
    const mention = side === 'g' ? pair.gold : pair.predicted;
    if (mention && mention.span && mention.span[0] < mention.span[1] && mention.span[1] <= length) lines.push({ start: mention.span[0], end: mention.span[1], pair, side });
  }
  lines.sort((a, b) => a.start - b.start || b.end - a.end);
  for (const line of lines) {
    let lane = ends.findIndex(end => end <= line.start);
    if (lane < 0) lane = ends.length;
    ends[lane] = line.end;
    line.lane = Math.min(lane, LANES - 1);
  }
  return lines;
}

function notesOf(pairs) {
  const notes = new Map();
  for (const pair of pairs) {
    const end = Math.max(...[pair.gold, pair.predicted].map(mention => mention && mention.span ? mention.span[1] : -1));
    if (end >= 0) notes.set(end, [...notes.get(end) || [], noteOf(pair)]);
  }
  return notes;
}

const noteOf = pair => element('sup', { class: pair.errors.length ? 'x' : '', 'data-n': pair.number, title: verdictOf(pair) }, pair.number);

function markedText(text, pairs) {
  const lines = ['g', 'p'].flatMap(side => linesOf(pairs, side, text.length)).sort((a, b) => a.start - b.start || b.end - a.end);
  const notes = notesOf(pairs);
  const cuts = [...new Set([0, text.length, ...lines.flatMap(line => [line.start, line.end])])].sort((a, b) => a - b);
  const lanes = lines.reduce((most, line) => Math.max(most, line.lane + 1), 1);
  const holder = element('div', { class: 'text d' + lanes, dir: 'auto', 'data-lanes': lanes });
  for (let i = 0; i + 1 < cuts.length; i++) {
    holder.append(markedPiece(text.slice(cuts[i], cuts[i + 1]), lines.filter(line => line.start <= cuts[i] && line.end >= cuts[i + 1])));
    holder.append(...notes.get(cuts[i + 1]) || []);
  }
  return holder;
}

function markedPiece(piece, lines) {
  let node = visible(piece);
  for (const line of lines.reverse()) node = element('span', { class: `${line.side} l${line.lane} ${stateOf(line.pair)}`, 'data-n': line.pair.number }, node);
  return node;
}

function verdictOf(pair) {
  if (!pair.judged) return 'not judged';
  return pair.errors.map(kind => kind === 'place' ? pair.predicted && !pair.predicted.located ? 'no coordinates' : 'wrong place' : kind).join(', ') || 'match';
}
