// The map is one stop of the tab key; the arrow keys go from arc to arc.
const arcs = [...document.querySelectorAll('#map .arc')].reverse();
let arcAt = 0;

function goToArc(next) {
  arcs[arcAt].setAttribute('tabindex', '-1');
  arcAt = (next + arcs.length) % arcs.length;
  arcs[arcAt].setAttribute('tabindex', '0');
  arcs[arcAt].focus();
}

function hintOf(arc) { byId('map-hint').textContent = arc ? arc.getAttribute('aria-label') : ''; }

if (arcs.length) {
  const map = byId('map');
  arcs[0].setAttribute('tabindex', '0');
  map.addEventListener('keydown', event => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (by) { event.preventDefault(); goToArc(arcAt + by); }
  });
  map.addEventListener('focusin', event => {
    const arc = event.target.closest('.arc');
    if (arc) { arcAt = arcs.indexOf(arc); hintOf(arc); }
  });
  map.addEventListener('pointerover', event => hintOf(event.target.closest('.arc')));
}
