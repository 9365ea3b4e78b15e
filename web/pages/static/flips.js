// Flips as cards: what it was, what it became, with the pictures before and
// after and the cells that changed.
import { h, s } from './dom.js';
import { kindMark } from './draw.js';
import { percent, duration, clock } from './words.js';
import { flipURL } from './store.js';

const GRID = 32;

function rank(list, flip) {
  return h('ol', { class: 'rank' }, ...list.map(l => h('li', { class: l.index === flip.from.index ? 'was' : l.index === flip.to.index ? 'became' : '' },
    h('span', { class: 'rank-name' }, l.name), h('span', { class: 'rank-score' }, percent(l.score, 1)),
    h('span', { class: 'rank-bar', 'aria-hidden': 'true', css: { width: 100 * (l.score ?? 0) + '%' } }))));
}

// cells draws the changed cells over the picture, where the map lies in it.
function cells(flip) {
  const [x, y, w, hgt] = flip.crop.length === 4 ? flip.crop : [0, 0, 1, 1];
  const d = flip.cells.map(c => `M${c % GRID} ${Math.floor(c / GRID)}h1v1h-1z`).join('');
  return s('svg', { class: 'cells', viewBox: `0 0 ${GRID} ${GRID}`, preserveAspectRatio: 'none', 'aria-hidden': 'true',
    css: { left: 100 * x + '%', top: 100 * y + '%', width: 100 * w + '%', height: 100 * hgt + '%' } },
  s('rect', { class: 'crop', width: GRID, height: GRID }), d ? s('path', { d }) : null);
}

function side(flip, which, label, top) {
  const changed = which === 'after' && flip.cells.length ? ` · ${flip.cells.length} cells changed` : which === 'after' && flip.still ? ' · no cell changed' : '';
  const picture = flip.pictures && h('div', { class: 'picture' },
    h('img', { src: flipURL(flip, which), alt: `Frame ${which} the flip, labelled ${label.name}`, loading: 'lazy', decoding: 'async', width: 256, height: 144 }), which === 'after' ? cells(flip) : null);
  return h('figure', {}, picture, h('figcaption', {}, which + changed), rank(top.length ? top : [label], flip));
}

export function flipCard(flip, withCamera) {
  return h('article', { class: 'flip', 'data-id': flip.id, 'data-revision': flip.revision, 'data-order': flip.order },
    h('header', {}, kindMark(flip.kind), flip.unexplained && h('span', { class: 'tag tag-alarm' }, 'unexplained'), flip.still && h('span', { class: 'tag' }, 'still'),
      flip.near_cut && h('span', { class: 'tag' }, 'near a cut'), !flip.decided && h('span', { class: 'tag', title: 'a score is below min_score' }, 'undecided'),
      h('time', { datetime: flip.at, class: 'goto' }, (withCamera ? flip.camera + ' ' : '') + clock(flip.at))),
    h('h3', {}, h('span', { class: 'was' }, flip.from.name), ' ', h('span', { class: 'arrow', 'aria-label': 'to' }, '→'), ' ', h('span', { class: 'became' }, flip.to.name)),
    h('div', { class: 'strip' }, side(flip, 'before', flip.from, flip.top_before), side(flip, 'after', flip.to, flip.top_after)),
    h('p', { class: 'held' }, `held ${duration(flip.held_before_ms)} before` + (flip.held_after_ms ? `, ${duration(flip.held_after_ms)} after` : '')));
}

// FlipList keeps cards in place and changes those that a new revision tells
// more about.
export class FlipList {
  constructor(most) {
    this.most = most;
    this.el = h('div', { class: 'flips' });
    this.cards = new Map();
  }
  clear() { this.cards.clear(); this.el.replaceChildren(); }
  // show puts a flip where it belongs: the newest first.
  show(flip) {
    const key = flip.camera + '/' + flip.id, old = this.cards.get(key);
    if (old && (old.flip.revision > flip.revision || old.flip.revision === flip.revision && old.flip.pictures === flip.pictures)) return;
    const el = flipCard(flip);
    this.cards.set(key, { flip, el });
    if (old) { old.el.replaceWith(el); return; }
    // Not by its time: the wall clock may have been set back meanwhile.
    let next = this.el.firstElementChild;
    while (next && Number(next.dataset.order) > flip.order) next = next.nextElementSibling;
    this.el.insertBefore(el, next);
    while (this.el.children.length > this.most) {
      const last = this.el.lastElementChild;
      for (const [k, v] of this.cards) if (v.el === last) this.cards.delete(k);
      last.remove();
    }
  }
}
