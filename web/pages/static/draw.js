// Small drawings: marks of kinds, sparklines, the ribbon of labels, a line
// over time.
import { h, s } from './dom.js';

const MARKS = {
  glitch: () => s('path', { d: 'M7 1.5 13 12.5H1z' }),
  transition: () => s('circle', { cx: 7, cy: 7, r: 5.2 }),
  churn: () => s('path', { d: 'M7 .8 13.2 7 7 13.2.8 7z' }),
};

// kindMark is a kind with its shape, so that colour is not all that tells.
export function kindMark(kind) {
  const known = MARKS[kind] || (() => s('rect', { x: 2, y: 2, width: 10, height: 10 }));
  return h('span', { class: 'kind kind-' + (kind in MARKS || kind === 'censored' ? kind : 'unknown') },
    s('svg', { viewBox: '0 0 14 14', width: 14, height: 14, 'aria-hidden': 'true' }, known()), kind === 'pending' ? 'kind not known yet' : kind);
}

// Spark is a row of bars: flips, and of these the unexplained ones.
export class Spark {
  constructor() {
    this.all = s('path', { class: 'spark-all' });
    this.bad = s('path', { class: 'spark-bad' });
    this.el = s('svg', { class: 'spark', viewBox: '0 0 120 24', preserveAspectRatio: 'none', role: 'img' }, s('path', { class: 'spark-base', d: 'M0 23.5H120' }), this.all, this.bad);
  }
  draw(spark) {
    const most = Math.max(4, ...spark.flips);
    const bars = list => list.map((v, i) => v ? `M${i * 2} 23h1.5v${-(v / most * 22).toFixed(1)}h-1.5z` : '').join('');
    const all = bars(spark.flips), bad = bars(spark.unexplained);
    if (all !== this.was) this.all.setAttribute('d', this.was = all);
    if (bad !== this.wasBad) this.bad.setAttribute('d', this.wasBad = bad);
    const total = spark.flips.reduce((a, b) => a + b, 0), odd = spark.unexplained.reduce((a, b) => a + b, 0);
    this.el.setAttribute('aria-label', `${total} flips in ten minutes, ${odd} unexplained`);
  }
}

// Colours gives each label one of six colours for as long as the page is
// open, the rest grey.
export class Colours {
  constructor() { this.known = new Map(); }
  of(index) {
    if (!this.known.has(index) && this.known.size < 6) this.known.set(index, this.known.size);
    return this.known.get(index) ?? -1;
  }
}

function css(name) { return getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim(); }

// prepare sizes a canvas for the screen.
function prepare(canvas, height) {
  const w = canvas.clientWidth, ratio = window.devicePixelRatio || 1;
  if (!w) return null;
  canvas.width = Math.round(w * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.height = height + 'px';
  const g = canvas.getContext('2d');
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, w, height);
  g.font = '12px system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif';
  return { g, w };
}

// ofThisClock leaves out flips, of which the newest are the last, from before
// the wall clock was set back: they lie elsewhere on it than the labels.
const CLOCK_SLACK = 10e3;
export function ofThisClock(flips, end) {
  let n = flips.length;
  for (let latest = end + CLOCK_SLACK; n > 0; n--) {
    const at = Date.parse(flips[n - 1].at);
    if (at > latest) break;
    latest = Math.min(latest, at + CLOCK_SLACK);
  }
  return flips.slice(n);
}

// ribbon draws stretches of labels up to now, with flips as marks under it.
export function ribbon(canvas, segments, flips, colours, span) {
  const p = prepare(canvas, 78);
  if (!p) return;
  const { g, w } = p;
  const end = segments.length ? segments[segments.length - 1].to_ms : Date.now(), from = end - span;
  const x = ms => Math.max(0, (ms - from) / span * w);
  const fills = [0, 1, 2, 3, 4, 5].map(i => css('c' + i)), other = css('other'), ink = css('ink'), dim = css('dim');
  for (const seg of segments) {
    const a = x(seg.from_ms), b = x(seg.to_ms);
    if (b <= 0) continue;
    const c = colours.of(seg.index);
    g.fillStyle = c < 0 ? other : fills[c];
    g.globalAlpha = seg.score === null ? 1 : .45 + .55 * seg.score;
    g.fillRect(a, 4, Math.max(b - a, 1), 34);
    g.globalAlpha = 1;
    if (b - a > 70) {
      g.fillStyle = inkOn(c < 0 ? other : fills[c]);
      let name = seg.label;
      while (name.length > 3 && g.measureText(name).width > b - a - 12) name = name.slice(0, -2).trimEnd() + '…';
      g.fillText(name, a + 6, 25);
    }
  }
  for (const f of ofThisClock(flips, end)) {
    const at = x(Date.parse(f.at));
    if (at <= 0) continue;
    g.strokeStyle = g.fillStyle = css(['glitch', 'transition', 'churn', 'censored'].includes(f.kind) ? f.kind : 'unknown');
    g.lineWidth = 1.5;
    g.beginPath();
    if (f.kind === 'glitch') { g.moveTo(at, 43); g.lineTo(at + 5, 52); g.lineTo(at - 5, 52); g.closePath(); }
    else if (f.kind === 'transition') g.arc(at, 48, 4.5, 0, 7);
    else if (f.kind === 'churn') { g.moveTo(at, 42.5); g.lineTo(at + 5, 48); g.lineTo(at, 53.5); g.lineTo(at - 5, 48); g.closePath(); }
    else g.rect(at - 4, 44, 8, 8);
    if (f.unexplained) g.fill();
    g.stroke();
  }
  g.fillStyle = dim;
  const steps = w < 500 ? 3 : 6;
  for (let i = 0; i <= steps; i++) {
    const t = new Date(from + span * i / steps).toLocaleTimeString('en-GB');
    const width = g.measureText(t).width;
    g.fillText(t, Math.min(Math.max(0, w * i / steps - width / 2), w - width), 72);
  }
  g.fillStyle = ink;
}

function inkOn(color) {
  const hex = color.replace('#', '');
  const [r, gr, b] = [0, 2, 4].map(i => parseInt(hex.slice(i, i + 2), 16));
  return r * .299 + gr * .587 + b * .114 > 140 ? '#14161a' : '#ffffff';
}

// past draws a measure over hours or days; gaps are where nothing was
// measured. bound is a threshold, null for none.
export function past(canvas, series, field) {
  const p = prepare(canvas, 180);
  if (!p) return;
  const { g, w } = p, values = series[field], n = values.length;
  const known = values.filter(v => v !== null);
  const most = Math.max(.01, ...known) * 1.1, left = 4, right = w - 44, top = 8, bottom = 152;
  const x = i => left + (right - left) * i / Math.max(1, n - 1), y = v => bottom - (bottom - top) * v / most;
  g.strokeStyle = css('line'); g.fillStyle = css('dim'); g.lineWidth = 1;
  for (const v of [0, most / 2, most]) {
    g.beginPath(); g.moveTo(left, y(v)); g.lineTo(right, y(v)); g.stroke();
    g.fillText((v * 100).toFixed(most < .1 ? 1 : 0) + '\u202f%', right + 6, y(v) + 4);
  }
  g.strokeStyle = css('accent'); g.fillStyle = css('accent-soft'); g.lineWidth = 1.5;
  for (let i = 0; i < n;) {
    if (values[i] === null) { i++; continue; }
    let j = i;
    while (j + 1 < n && values[j + 1] !== null) j++;
    g.beginPath(); g.moveTo(x(i), y(values[i]));
    for (let k = i + 1; k <= j; k++) g.lineTo(x(k), y(values[k]));
    if (i === j) g.lineTo(x(i) + 1, y(values[i]));
    g.stroke();
    g.globalAlpha = .5; g.lineTo(x(j), bottom); g.lineTo(x(i), bottom); g.closePath(); g.fill(); g.globalAlpha = 1;
    i = j + 1;
  }
  g.fillStyle = css('dim');
  const span = n * series.step_ms, steps = w < 500 ? 2 : 6;
  for (let i = 0; i <= steps; i++) {
    const t = new Date(series.from_ms + span * i / steps);
    const label = span > 3 * 86400e3 ? t.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' }) : t.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
    const width = g.measureText(label).width;
    g.fillText(label, Math.min(Math.max(left, left + (right - left) * i / steps - width / 2), right - width), 174);
  }
}
