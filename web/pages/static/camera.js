// One camera: what it sees, its measures, the ribbon of its labels, its past
// and its flips.
import { h, put, text, toggle } from './dom.js';
import { Colours, past, ribbon } from './draw.js';
import { FlipList } from './flips.js';
import { mainWindow } from './wall.js';
import { duration, number, percent, state } from './words.js';
import { ask, cameraPath, get, pictureURL } from './store.js';

const DETAIL_EVERY = 2000, RIBBON_SPAN = 5 * 60e3, PAST_EVERY = 60e3;
const MEASURES = [
  ['unexplained_fraction', 'Unexplained', percent, 'of pairs are flips that nothing in the picture explains'],
  ['flip_fraction', 'Flip fraction', percent, 'of pairs change the label'],
  ['decided_flip_fraction', 'Decided', percent, 'of pairs where both scores are high enough'],
  ['flip_rate_hz', 'Flips a second', number, 'of observed video'],
  ['coverage', 'Coverage', v => percent(v, 0), 'of the time could be measured'],
  ['mean_score', 'Mean score', v => percent(v, 0), 'of the best label'],
];
const RANGES = [['1h', 'an hour', 3600e3], ['24h', 'a day', 86400e3], ['7d', 'a week', 7 * 86400e3], ['30d', '30 days', 30 * 86400e3]];

export class CameraPage {
  constructor(store, name) {
    this.store = store; this.name = name; this.colours = new Colours();
    this.state = h('span', { class: 'state' });
    this.since = h('span', { class: 'dim' });
    this.error = h('p', { class: 'banner banner-alarm', hidden: true });
    this.img = h('img', { class: 'big', alt: 'The newest picture of ' + name, width: 640, height: 360, decoding: 'async', hidden: true });
    this.label = h('strong'); this.score = h('span', { class: 'dim num' });
    this.tiles = h('dl', { class: 'tiles' });
    this.values = MEASURES.map(([, title, , note]) => {
      const v = h('dd', { class: 'figure' }), n = h('dd', { class: 'note' }, note);
      this.tiles.append(h('div', { class: 'tile' }, h('dt', {}, title), v, n));
      return [v, n];
    });
    this.canvas = h('canvas', { role: 'img', 'aria-label': 'Labels of the last five minutes' });
    this.pastCanvas = h('canvas', { role: 'img', 'aria-label': 'Unexplained share of pairs over time' });
    this.range = h('select', { 'aria-label': 'How far back', onchange: () => this.fetchPast() }, ...RANGES.map(([v, t]) => h('option', { value: v }, t)));
    this.range.value = '24h';
    this.report = h('a', { target: '_blank', rel: 'noopener' }, 'Report');
    this.pastCard = h('section', { class: 'card', hidden: true }, h('div', { class: 'card-head' }, h('h2', {}, 'Unexplained flips, over time'), h('span', { class: 'tools' }, this.report, this.range)), this.pastCanvas);
    this.kind = h('select', { 'aria-label': 'Kinds of flips', onchange: () => this.fill() }, ...['', 'glitch', 'transition', 'churn', 'censored', 'pending'].map(k => h('option', { value: k }, k || 'all kinds')));
    this.odd = h('input', { type: 'checkbox', onchange: () => this.fill() });
    this.flips = new FlipList(60);
    this.noFlips = h('p', { class: 'empty' });
    this.counts = h('dl', { class: 'how' });
    this.tools = h('span', { class: 'tools' });
    this.alerts = h('div');
    this.el = h('div', {},
      h('div', { class: 'bar-row' }, h('h1', {}, name), this.state, this.since, h('span', { class: 'grow' }), this.tools), this.alerts, this.error,
      h('div', { class: 'see' }, h('div', { class: 'card shot-card' }, this.img, h('p', { class: 'now' }, this.label, ' ', this.score)), this.tiles),
      h('section', { class: 'card' }, h('h2', {}, 'Labels, the last five minutes'), this.canvas), this.pastCard,
      h('section', {}, h('div', { class: 'bar-row' }, h('h2', {}, 'Flips'), h('span', { class: 'grow' }), h('label', { class: 'check' }, this.odd, ' unexplained only'), this.kind), this.flips.el, this.noFlips),
      h('section', { class: 'card' }, h('h2', {}, 'Since it was started'), this.counts));
    this.known = new Map();
    this.timer = setInterval(() => this.fetchDetail(), DETAIL_EVERY);
    this.pastTimer = setInterval(() => this.fetchPast(), PAST_EVERY);
    this.redraw = () => { this.drawRibbon(); this.drawPast(); };
    this.resized = new ResizeObserver(this.redraw);
    this.resized.observe(this.el);
    // What is painted has the colours of its time.
    this.scheme = matchMedia('(prefers-color-scheme: dark)');
    this.scheme.addEventListener('change', this.redraw);
  }

  title() { return this.name; }
  stop() { clearInterval(this.timer); clearInterval(this.pastTimer); this.resized.disconnect(); this.scheme.removeEventListener('change', this.redraw); }

  async onCameras() {
    // What another run of the program told has an order of its own.
    if (this.run !== this.store.system.started) { this.run = this.store.system.started; this.known.clear(); this.flips.clear(); }
    this.draw();
    this.drawTools();
    this.onAlerts();
    this.fetchPast();
    await this.fetchDetail(true);
  }

  onAlerts() {
    put(this.alerts, this.store.alertsOf(this.name).map(a => h('p', { class: 'banner banner-' + (a.silenced ? 'warn' : 'alarm') },
      h('strong', {}, a.rule), ` for ${duration(Date.now() - Date.parse(a.starts_at))}`, a.silenced ? ', silenced' : '', a.value !== null ? `: ${a.metric} is ${number(a.value)}, the bound ${number(a.bound)}` : '')));
  }

  onUpdate({ names, flips }) {
    if (names.has(this.name)) this.draw();
    for (const f of flips) if (f.camera === this.name) this.take(f);
  }

  async fetchDetail(first) {
    if (document.hidden && !first || !this.store.connected) return;
    try {
      this.detail = await get(cameraPath(this.name) + (first ? '' : '?flips=false'));
    } catch (err) {
      if (err.status === 404) { put(this.el, h('p', { class: 'empty' }, 'There is no camera ' + this.name + '. ', h('a', { href: '#/' }, 'All cameras'))); this.stop(); }
      return;
    }
    for (const f of this.detail.flips.reverse()) this.take(f, first);
    if (first) this.fill();
    this.drawRibbon();
  }

  take(f, quiet) {
    const old = this.known.get(f.id);
    if (old && old.revision > f.revision) return;
    this.known.set(f.id, f);
    if (this.known.size > 200) this.known.delete(this.known.keys().next().value);
    if (quiet) return;
    if (this.fits(f)) this.flips.show(f); else if (old && this.fits(old)) this.fill();
    this.say();
  }

  // recent are the known flips, the newest last.
  recent() { return [...this.known.values()].sort((a, b) => a.order - b.order); }

  fits(f) { return (!this.kind.value || f.kind === this.kind.value) && (!this.odd.checked || f.unexplained); }

  fill() {
    this.flips.clear();
    for (const f of this.recent().filter(f => this.fits(f)).slice(-60)) this.flips.show(f);
    this.say();
  }

  say() {
    this.noFlips.hidden = this.flips.el.children.length > 0;
    text(this.noFlips, this.known.size ? 'None of the recent flips is of this kind.' : 'No flip yet.');
  }

  draw() {
    const c = this.store.cameras.get(this.name);
    if (!c) return;
    text(this.state, state(c.state));
    toggle(this.state, 'state-up', c.state === 'up');
    if (this.pause) {
      this.pause.hidden = c.state === 'paused';
      this.resume.hidden = !this.pause.hidden;
    }
    text(this.since, c.since ? 'for ' + duration(Math.max(0, Date.now() - Date.parse(c.since))) : '');
    this.error.hidden = !c.error || c.state === 'up';
    text(this.error, c.error || '');
    text(this.label, c.label ? c.label.name : 'nothing seen yet');
    text(this.score, c.label ? percent(c.label.score, 1) : '');
    if (c.picture && this.shown !== c.picture) { this.shown = c.picture; this.img.src = pictureURL(c); this.img.hidden = false; }
    const w = mainWindow(c);
    MEASURES.forEach(([field, , form, note], i) => {
      const [value, say] = this.values[i], v = w?.[field];
      text(value, form(v));
      toggle(value, 'none', v === null || v === undefined);
      const interval = field === 'flip_fraction' && w?.flip_fraction_low !== null && w ? `95 %: ${percent(w.flip_fraction_low)} to ${percent(w.flip_fraction_high)}, ` : '';
      text(say, interval + note);
    });
    this.drawCounts(c, w);
  }

  drawCounts(c, w) {
    const list = o => Object.entries(o).sort((a, b) => b[1] - a[1]).map(([k, v]) => `${k} ${number(v)}`).join(', ') || 'none';
    const rows = [['Window', w ? duration(w.width_ms) + `, ${number(w.pairs)} pairs` : 'none yet'], ['Frames', number(c.counts.frames)], ['Pairs', number(c.counts.pairs)],
      ['Flips', `${number(c.counts.flips)}, ${number(c.counts.unexplained)} unexplained`], ['Kinds', list(c.counts.kinds)], ['Breaks', list(c.counts.breaks)], ['Dropped frames', list(c.counts.dropped)],
      ['Source', c.source], ['Model', c.model]];
    const said = JSON.stringify(rows);
    if (said === this.said) return;
    this.said = said;
    put(this.counts, rows.filter(r => r[1]).map(([k, v]) => h('div', {}, h('dt', {}, k), h('dd', {}, v))));
  }

  drawTools() {
    if (!this.store.admin || !this.store.system.may_pause) return;
    const act = what => async e => {
      const b = e.currentTarget;
      b.disabled = true;
      try { await ask('POST', cameraPath(this.name) + '/' + what); } catch (err) { this.error.hidden = false; text(this.error, err.message); }
      b.disabled = false;
    };
    this.pause = h('button', { onclick: act('pause') }, 'Pause');
    this.resume = h('button', { onclick: act('resume') }, 'Resume');
    put(this.tools, this.pause, this.resume);
  }

  drawRibbon() {
    if (this.detail) ribbon(this.canvas, this.detail.ribbon, this.recent(), this.colours, RIBBON_SPAN);
  }

  async fetchPast() {
    const span = RANGES.find(r => r[0] === this.range.value)[2], since = new Date(Date.now() - span).toISOString();
    this.report.href = `api/v1/history/report?camera=${encodeURIComponent(this.name)}&since=${encodeURIComponent(since)}`;
    try {
      const list = await get(`/history/windows?camera=${encodeURIComponent(this.name)}&since=${encodeURIComponent(since)}`);
      this.series = list[0];
    } catch { this.series = undefined; }
    this.pastCard.hidden = !this.series;
    this.drawPast();
  }

  drawPast() { if (this.series) past(this.pastCanvas, this.series, 'unexplained_fraction'); }
}
