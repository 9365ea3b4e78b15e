// The wall: all cameras, each with its newest picture, label, state and
// flips. A card changes in place, once it can be seen: two hundred cameras
// cost what fits the screen. Its picture is fetched only then, and not more
// often than every two seconds.
import { h, put, text, toggle } from './dom.js';
import { Spark } from './draw.js';
import { percent, number, state } from './words.js';
import { pictureURL } from './store.js';

const PICTURE_EVERY = 2000;
const TROUBLE = new Set(['frozen', 'stalled', 'backoff', 'failed']);

// widest is the window that the card's figures are of: a minute, or what is
// nearest to it.
export function mainWindow(c) {
  return c.windows.reduce((best, w) => !best || Math.abs(w.width_ms - 60000) < Math.abs(best.width_ms - 60000) ? w : best, null);
}

class Card {
  constructor(name, seen) {
    this.spark = new Spark();
    this.img = h('img', { alt: '', width: 320, height: 180, decoding: 'async', hidden: true });
    this.state = h('span', { class: 'state' });
    this.name = h('span', { class: 'card-name' }, name);
    this.label = h('span', { class: 'label' });
    this.score = h('span', { class: 'score num' });
    this.bar = h('span', { class: 'score-bar', 'aria-hidden': 'true' });
    this.bad = h('b', { class: 'num' });
    this.rate = h('b', { class: 'num' });
    this.bell = h('span', { class: 'bell', hidden: true });
    this.el = h('li', {}, h('a', { class: 'cam', href: '#/cameras/' + encodeURIComponent(name) },
      h('span', { class: 'shot' }, this.img, this.state, this.bell),
      h('span', { class: 'cam-head' }, this.name),
      h('span', { class: 'cam-label' }, this.label, this.score, this.bar),
      this.spark.el,
      h('span', { class: 'cam-figures' }, h('span', {}, this.bad, ' unexplained'), h('span', {}, this.rate, ' flips/s'))));
    this.el.dataset.name = name;
    this.img.addEventListener('load', () => { this.img.hidden = false; });
    this.img.addEventListener('error', () => { this.img.hidden = true; });
    seen.observe(this.el);
    this.visible = false;
    this.asked = 0;
  }

  // show draws the camera, later if nobody can see it now.
  show(c, alerts) {
    this.c = c;
    this.alerts = alerts;
    if (this.visible || !this.drawn) this.draw();
    else this.due = true;
  }

  // see tells whether the card is on the screen, or close to it.
  see(visible) {
    this.visible = visible;
    if (visible && this.due) this.draw();
    this.picture();
  }

  draw() {
    const { c, alerts } = this;
    this.drawn = true;
    this.due = false;
    text(this.state, state(c.state));
    toggle(this.state, 'state-up', c.state === 'up');
    toggle(this.el, 'trouble', TROUBLE.has(c.state));
    const firing = alerts.filter(a => !a.silenced);
    toggle(this.el, 'alarm', firing.length > 0);
    this.bell.hidden = firing.length === 0;
    text(this.bell, firing.map(a => a.rule).join(', '));
    text(this.label, c.label ? c.label.name : TROUBLE.has(c.state) ? c.error || 'no picture' : 'nothing seen yet');
    text(this.score, c.label ? percent(c.label.score, 0) : '');
    this.bar.style.setProperty('--score', c.label?.score ?? 0);
    const w = mainWindow(c);
    text(this.bad, percent(w?.unexplained_fraction));
    text(this.rate, number(w?.flip_rate_hz));
    this.spark.draw(c.spark);
    this.picture();
  }

  picture() {
    const now = Date.now();
    if (!this.visible || !this.c?.picture || this.shown === this.c.picture || now - this.asked < PICTURE_EVERY) return;
    this.asked = now;
    this.shown = this.c.picture;
    this.img.src = pictureURL(this.c);
  }
}

const byName = new Intl.Collator('en', { numeric: true });
const SORTS = {
  name: (a, b) => byName.compare(a.name, b.name),
  flicker: (a, b) => (mainWindow(b)?.unexplained_fraction ?? -1) - (mainWindow(a)?.unexplained_fraction ?? -1) || SORTS.name(a, b),
  trouble: (a, b) => TROUBLE.has(b.state) - TROUBLE.has(a.state) || SORTS.flicker(a, b),
};

export class Wall {
  constructor(store) {
    this.store = store;
    this.cards = new Map();
    this.seen = new IntersectionObserver(list => {
      for (const e of list) {
        this.cards.get(e.target.dataset.name)?.see(e.isIntersecting);
      }
    }, { rootMargin: '200px' });
    this.search = h('input', { type: 'search', placeholder: 'Name or label', 'aria-label': 'Find cameras by name or label', oninput: () => this.arrange() });
    this.only = h('select', { 'aria-label': 'Which cameras', onchange: () => this.arrange() },
      ...[['', 'all cameras'], ['alerts', 'with alerts'], ['down', 'not up'], ['flicker', 'that flicker']].map(([v, t]) => h('option', { value: v }, t)));
    this.sort = h('select', { 'aria-label': 'In which order', onchange: () => this.arrange() },
      ...[['name', 'by name'], ['flicker', 'most flicker first'], ['trouble', 'trouble first']].map(([v, t]) => h('option', { value: v }, t)));
    this.count = h('p', { class: 'dim count' });
    this.list = h('ul', { class: 'wall' });
    this.none = h('p', { class: 'empty', hidden: true });
    this.el = h('div', {}, h('div', { class: 'bar-row' }, h('h1', {}, 'Cameras'), this.count, h('span', { class: 'grow' }), this.search, this.only, this.sort), this.list, this.none);
  }

  title() { return 'Cameras'; }
  stop() { this.seen.disconnect(); }

  onCameras() {
    for (const [name, card] of this.cards) {
      if (!this.store.cameras.has(name)) { this.seen.unobserve(card.el); this.cards.delete(name); }
    }
    for (const c of this.store.cameras.values()) this.draw(c);
    this.arrange();
  }

  onAlerts() { this.onCameras(); }

  onUpdate({ names }) {
    let added = false;
    for (const name of names) {
      const c = this.store.cameras.get(name);
      if (!c) continue;
      added ||= !this.cards.has(name);
      this.draw(c);
    }
    // Cards that move under the pointer are worse than a stale order: it is
    // looked at again every few seconds.
    const now = Date.now();
    if (added || (now - (this.arranged || 0) > 5000 && !this.list.matches(':hover, :focus-within'))) this.arrange();
  }

  onSearch() { this.search.focus(); }

  draw(c) {
    let card = this.cards.get(c.name);
    if (!card) this.cards.set(c.name, card = new Card(c.name, this.seen));
    card.show(c, this.store.alertsOf(c.name));
  }

  chosen(c) {
    const words = this.search.value.trim().toLowerCase();
    if (words && !(c.name + ' ' + (c.label?.name || '')).toLowerCase().includes(words)) return false;
    switch (this.only.value) {
      case 'alerts': return this.store.alertsOf(c.name).length > 0;
      case 'down': return c.state !== 'up';
      case 'flicker': return c.spark.unexplained.some(v => v > 0);
    }
    return true;
  }

  arrange() {
    this.arranged = Date.now();
    const all = [...this.store.cameras.values()], list = all.filter(c => this.chosen(c)).sort(SORTS[this.sort.value]);
    const els = list.map(c => this.cards.get(c.name).el);
    if (els.length !== this.list.children.length || els.some((el, i) => this.list.children[i] !== el)) put(this.list, els);
    const down = all.filter(c => TROUBLE.has(c.state)).length;
    text(this.count, `${list.length === all.length ? all.length : list.length + ' of ' + all.length}${down ? `, ${down} in trouble` : ''}`);
    this.none.hidden = list.length > 0;
    text(this.none, all.length ? 'No camera fits what is asked for above.' : 'There are no cameras. The configuration file lists them, under cameras.');
  }
}

