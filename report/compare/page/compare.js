'use strict';
// Draws the timelines of a comparison. Everything else on the page is plain HTML.
(() => {
  const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif';
  const THIN = '\u202f';
  const clamp = (v, a, b) => Math.min(Math.max(v, a), b);

  function clock(ms) {
    const cs = Math.round(ms / 10), pad = n => String(n).padStart(2, '0');
    const h = Math.floor(cs / 360000), m = Math.floor(cs / 6000) % 60, s = Math.floor(cs / 100) % 60;
    return (h ? h + ':' + pad(m) : m) + ':' + pad(s) + '.' + pad(cs % 100);
  }
  // palette reads the colours of the style sheet, which knows about dark mode and print.
  function palette() {
    const css = getComputedStyle(document.documentElement);
    const get = name => css.getPropertyValue('--' + name).trim();
    const p = {};
    for (const n of ['card', 'ink', 'dim', 'line', 'track', 'accent', 'other', 'other2', 'alarm']) p[n] = get(n);
    p.c = [0, 1, 2, 3, 4, 5].map(i => get('c' + i));
    return p;
  }
  function inkOn(color) {
    const hex = color.replace('#', '');
    const [r, g, b] = [0, 2, 4].map(i => parseInt(hex.slice(i, i + 2), 16));
    return r * .299 + g * .587 + b * .114 > 140 ? '#14161a' : '#ffffff';
  }

  class Timeline {
    constructor(root, d) {
      this.root = root; this.d = d;
      this.canvas = root.querySelector('canvas'); this.g = this.canvas.getContext('2d');
      this.cursorEl = root.querySelector('.cursor'); this.tip = root.querySelector('.tip');
      this.n = d.start.length; this.t0 = this.n ? d.start[0] : 0; this.t1 = Math.max(d.end, this.t0 + 1);
      this.v0 = this.t0; this.v1 = this.t1; this.cur = -1; this.pad = 6;
      this.step = (this.t1 - this.t0) / Math.max(1, this.n);
      this.flipsOf = d.sides.map(s => new Map(s.flips.map(f => [f[0], f])));
      this.parts = d.start.map((_, i) => d.sides.some(s => s.differ[i] > 0));
      root.setAttribute('aria-valuemin', 0); root.setAttribute('aria-valuemax', Math.max(0, this.n - 1));
      this.say(0);
      this.listen();
      new ResizeObserver(() => this.draw()).observe(root);
    }

    time(t) { return this.d.unit === 'ms' ? clock(t) : 'frame ' + Math.round(t); }
    endOf(i) { return i + 1 < this.n ? this.d.start[i + 1] : this.d.end; }
    frames(i) { return i + 1 < this.n ? this.d.per : this.d.last; }
    get right() { return this.w - this.pad; }
    x(t) { return this.pad + (t - this.v0) / (this.v1 - this.v0) * (this.right - this.pad); }
    t(x) { return this.v0 + (x - this.pad) / (this.right - this.pad) * (this.v1 - this.v0); }
    binAt(t) {
      let a = 0, b = this.n - 1;
      while (a < b) { const m = (a + b + 1) >> 1; if (this.d.start[m] <= t) a = m; else b = m - 1; }
      return a;
    }
    visible() { return [this.binAt(this.v0), this.binAt(this.v1)]; }

    view(v0, v1) {
      const span = clamp(v1 - v0, Math.min(this.t1 - this.t0, this.step * 6), this.t1 - this.t0);
      const mid = (v0 + v1) / 2;
      this.v0 = clamp(mid - span / 2, this.t0, this.t1 - span); this.v1 = this.v0 + span;
      this.draw();
    }
    zoom(f, at) {
      if (at === undefined) {
        at = (this.v0 + this.v1) / 2;
        if (this.cur >= 0) { const c = this.d.start[this.cur]; if (c >= this.v0 && c <= this.v1) at = c; }
      }
      this.view(at - (at - this.v0) * f, at + (this.v1 - at) * f);
    }
    pan(f) { const s = (this.v1 - this.v0) * f; this.view(this.v0 + s, this.v1 + s); }
    all() { this.view(this.t0, this.t1); }

    // ---- drawing
    draw() {
      const w = this.root.clientWidth;
      if (!w || !this.n) return;
      this.w = w; this.p = palette();
      let y = 4;
      const lanes = this.d.sides.map((s, k) => {
        const l = { k, s, title: y + 13, y: y + 20, h: 32, flips: y + 20 + 32 + 8, differ: k ? y + 20 + 32 + 16 : -1 };
        y = l.flips + (k ? 26 : 16);
        return l;
      });
      this.axisY = y; const h = y + 36;
      const ratio = window.devicePixelRatio || 1;
      this.canvas.style.height = h + 'px';
      this.canvas.width = Math.round(w * ratio); this.canvas.height = Math.round(h * ratio);
      const g = this.g; g.setTransform(ratio, 0, 0, ratio, 0, 0); g.clearRect(0, 0, w, h);
      g.font = FONT; g.textBaseline = 'alphabetic';
      this.grid(lanes[0].y);
      for (const l of lanes) {
        g.fillStyle = this.p.card; const text = this.fit(l.s.name + (l.k ? '' : ' (baseline)'), w - 12);
        g.fillRect(0, l.title - 12, this.pad + g.measureText(text).width + 4, 16);
        g.fillStyle = this.p.ink; g.fillText(text, this.pad, l.title);
        g.save(); g.beginPath(); g.rect(this.pad, l.y, this.right - this.pad, y - l.y); g.clip();
        this.ribbon(l); this.flips(l); if (l.k) this.differ(l);
        g.restore();
      }
      for (const i of this.d.cuts) {
        const x = Math.round(this.x(this.d.start[i])) + .5;
        if (x < this.pad || x > this.right) continue;
        g.strokeStyle = this.p.ink; g.globalAlpha = .6; g.setLineDash([3, 3]);
        g.beginPath(); g.moveTo(x, lanes[0].y - 4); g.lineTo(x, this.axisY); g.stroke();
        g.globalAlpha = 1; g.setLineDash([]);
      }
      this.map();
      this.root.dataset.view = Math.round(this.v0) + ' ' + Math.round(this.v1);
      this.place();
    }
    fit(text, width) {
      const g = this.g;
      if (g.measureText(text).width <= width) return text;
      let n = text.length;
      while (n > 0 && g.measureText(text.slice(0, n) + '…').width > width) n--;
      return n > 1 ? text.slice(0, n) + '…' : '';
    }
    color(name) {
      const c = this.d.colors[name];
      return c >= 0 ? this.p.c[c] : name % 2 ? this.p.other : this.p.other2;
    }
    grid(top) {
      const g = this.g, per = (this.right - this.pad) / (this.v1 - this.v0), ms = this.d.unit === 'ms';
      const steps = ms ? [10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5, 36e5, 72e5, 144e5, 432e5]
        : [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6];
      const step = steps.find(s => s * per >= 72) || steps[steps.length - 1];
      g.lineWidth = 1; g.strokeStyle = this.p.line; g.fillStyle = this.p.dim; g.setLineDash([]);
      g.beginPath();
      for (let t = Math.ceil(this.v0 / step) * step; t <= this.v1; t += step) {
        const x = Math.round(this.x(t)) + .5;
        g.moveTo(x, top); g.lineTo(x, this.axisY);
        const label = ms ? clock(t).replace(step >= 1000 ? /\.\d+$/ : /0$/, '') : String(Math.round(t));
        const tw = g.measureText(label).width;
        g.fillText(label, clamp(x - tw / 2, 0, this.w - tw), this.axisY + 16);
      }
      g.stroke();
    }
    ribbon(l) {
      const g = this.g, d = this.d, s = l.s, [a, b] = this.visible();
      g.fillStyle = this.p.track; g.fillRect(this.pad, l.y, this.right - this.pad, l.h);
      const wide = (this.right - this.pad) / (b - a + 1);
      if (d.per === 1 && wide >= 1) {
        for (let i = a; i <= b;) {
          let k = i + 1;
          while (k <= b && s.label[k] === s.label[i]) k++;
          const x0 = Math.max(this.pad, this.x(d.start[i])), x1 = Math.min(this.right, this.x(this.endOf(k - 1)));
          const name = s.label[i], color = this.color(name);
          g.fillStyle = color; g.fillRect(x0, l.y, Math.max(1, x1 - x0 - (x1 - x0 > 6 ? 1 : 0)), l.h);
          if (x1 - x0 > 34) {
            const text = this.fit(d.names[name], x1 - x0 - 12);
            if (text.length > 3 || text === d.names[name]) { g.fillStyle = inkOn(color); g.fillText(text, x0 + 6, l.y + l.h / 2 + 4); }
          }
          i = k;
        }
        return;
      }
      // Too many for a column each: the share of each label, leading ones below.
      let col = -1, sums = null;
      const flush = (x0, x1) => {
        let total = 0; for (const v of sums) total += v;
        let y = l.y + l.h;
        sums.forEach((v, c) => {
          if (!v) return;
          const hh = v / total * l.h; y -= hh;
          g.fillStyle = c < 6 ? this.p.c[c] : this.p.other;
          g.fillRect(x0, y, x1 - x0 + .5, hh + .3);
        });
      };
      for (let i = a; i <= b; i++) {
        const x = Math.max(this.pad, wide >= 1 ? this.x(d.start[i]) : Math.floor(this.x(d.start[i])));
        if (x !== col) { if (sums) flush(col, wide >= 1 ? x : col + 1); col = x; sums = new Array(7).fill(0); }
        const sh = s.shares ? s.shares[i] : [s.label[i], 1];
        let known = 0;
        for (let k = 0; k < sh.length; k += 2) { const c = d.colors[sh[k]]; known += sh[k + 1]; sums[c >= 0 ? c : 6] += sh[k + 1]; }
        sums[6] += Math.max(0, (s.shares ? this.frames(i) : 1) - known);
      }
      if (sums) flush(col, Math.max(col + 1, Math.min(this.right, this.x(this.endOf(b)))));
    }
    // flips are ticks under the ribbon; thick and red where unexplained.
    flips(l) {
      const g = this.g, [a, b] = this.visible();
      for (const f of l.s.flips) {
        if (f[0] < a || f[0] > b + 1) continue;
        const x = this.x(this.d.start[f[0]]);
        g.fillStyle = f[2] ? this.p.alarm : this.p.ink;
        g.fillRect(x - (f[2] ? 1.5 : .75), l.flips - 5, f[2] ? 3 : 1.5, 8);
      }
    }
    // differ fills where the labels are not the baseline's.
    differ(l) {
      const g = this.g, [a, b] = this.visible();
      g.fillStyle = this.p.track; g.fillRect(this.pad, l.differ, this.right - this.pad, 6);
      for (let i = a; i <= b; i++) {
        const n = l.s.differ[i];
        if (!n) continue;
        const x0 = this.x(this.d.start[i]), x1 = this.x(this.endOf(i)), share = n / this.frames(i);
        g.globalAlpha = .35 + .65 * share; g.fillStyle = this.p.accent; g.fillRect(x0, l.differ, Math.max(1, x1 - x0), 6);
      }
      g.globalAlpha = 1;
    }
    // map shows which part of the whole is in view.
    map() {
      const g = this.g, y = this.axisY + 25, w = this.right - this.pad, all = this.t1 - this.t0;
      g.fillStyle = this.p.track; g.fillRect(this.pad, y, w, 6);
      g.fillStyle = this.v1 - this.v0 < all * .999 ? this.p.accent : this.p.other;
      g.fillRect(this.pad + (this.v0 - this.t0) / all * w, y, Math.max(3, (this.v1 - this.v0) / all * w), 6);
    }

    // ---- what is under the cursor
    words(k, i) {
      const s = this.d.sides[k], f = this.flipsOf[k].get(i), out = [this.d.names[s.label[i]]];
      if (this.d.per > 1 && s.shares[i].length > 2) out[0] += ' and others';
      if (f) out.push((f[1] > 1 ? f[1] + ' flips' : 'flip') + (f[2] ? f[2] === f[1] ? ', unexplained' : ', ' + f[2] + ' unexplained' : ''));
      if (k && s.differ[i]) out.push(this.d.per > 1 ? 'differs on ' + s.differ[i] + ' of ' + this.frames(i) : 'differs');
      return out;
    }
    say(i) {
      if (!this.n) { this.root.setAttribute('aria-valuetext', 'no frames'); return; }
      const parts = [this.time(this.d.start[i])];
      this.d.sides.forEach((s, k) => parts.push(s.name + ': ' + this.words(k, i).join(', ')));
      this.root.setAttribute('aria-valuenow', i); this.root.setAttribute('aria-valuetext', parts.join('; '));
    }
    fill(i) {
      const d = this.d, tip = this.tip;
      tip.replaceChildren();
      const add = (tag, text, parent = tip) => { const e = document.createElement(tag); e.textContent = text; parent.append(e); return e; };
      const head = add('div', '');
      add('b', this.time(d.start[i]), head);
      const first = i * d.per;
      if (d.unit === 'ms') add('span', d.per > 1 ? '  frames ' + first + '–' + (first + this.frames(i) - 1) : '  frame ' + first, head).className = 'dim';
      d.sides.forEach((s, k) => {
        const row = add('div', ''), [label, ...rest] = this.words(k, i);
        add('span', s.name, row).className = 'dim';
        const line = add('div', '', row), chip = add('span', '', line);
        chip.className = 'chip'; chip.style.background = this.color(s.label[i]);
        add('span', ' ' + label, line);
        if (rest.length) add('b', ' · ' + rest.join(', '), line);
      });
    }
    move(i, show = true) {
      this.cur = clamp(i, 0, this.n - 1);
      this.say(this.cur);
      const t = this.d.start[this.cur];
      if (t < this.v0 || t > this.v1) { const s = (this.v1 - this.v0) / 2; this.view(t - s, t + s); }
      this.shown = show;
      if (show) this.fill(this.cur);
      this.place();
    }
    place() {
      const on = this.cur >= 0 && this.shown && this.n;
      this.cursorEl.hidden = this.tip.hidden = !on;
      if (!on) return;
      const x = this.x(this.d.start[this.cur]);
      if (x < 0 || x > this.right + 2) { this.cursorEl.hidden = this.tip.hidden = true; return; }
      this.cursorEl.style.left = x + 'px'; this.cursorEl.style.bottom = '36px'; this.cursorEl.style.top = '22px';
      const tw = this.tip.offsetWidth;
      this.tip.style.left = (x + 14 + tw < this.w ? x + 14 : Math.max(0, x - 14 - tw)) + 'px';
      this.tip.style.top = this.axisY + 8 + 'px';
    }
    hide() { this.shown = false; this.place(); }
    // nextPart goes to where the labels begin to differ, or agree again.
    nextPart(dir) {
      let i = this.cur < 0 ? (dir > 0 ? -1 : this.n) : this.cur;
      const was = this.parts[i];
      for (i += dir; i >= 0 && i < this.n && this.parts[i] === was; i += dir);
      if (i >= 0 && i < this.n) this.move(i);
    }

    // ---- input
    listen() {
      const root = this.root, at = e => e.clientX - root.getBoundingClientRect().left;
      let down = null, box = null;
      root.addEventListener('pointermove', e => {
        if (!this.n) return;
        const x = at(e);
        if (down !== null && e.pointerType === 'mouse' && Math.abs(x - down) > 4) {
          if (!box) { box = document.createElement('div'); box.className = 'drag'; root.append(box); }
          box.style.left = Math.min(x, down) + 'px'; box.style.width = Math.abs(x - down) + 'px';
          this.hide(); return;
        }
        this.move(this.binAt(this.t(x)));
      });
      root.addEventListener('pointerleave', () => { if (document.activeElement !== root) this.hide(); });
      root.addEventListener('pointerdown', e => { if (e.button === 0) { down = at(e); if (e.pointerType === 'mouse') root.setPointerCapture(e.pointerId); } });
      root.addEventListener('pointerup', e => {
        if (box) { const a = this.t(down), b = this.t(at(e)); box.remove(); box = null; this.view(Math.min(a, b), Math.max(a, b)); }
        down = null;
      });
      root.addEventListener('pointercancel', () => { if (box) box.remove(); box = down = null; });
      root.addEventListener('dblclick', () => this.all());
      root.addEventListener('blur', () => this.hide());
      root.addEventListener('wheel', e => {
        if (e.ctrlKey || e.metaKey) { e.preventDefault(); this.zoom(Math.exp(e.deltaY / 300), this.t(at(e))); }
        else if (Math.abs(e.deltaX) > Math.abs(e.deltaY)) { e.preventDefault(); this.pan(e.deltaX / this.w); }
      }, { passive: false });
      root.addEventListener('keydown', e => {
        if (e.ctrlKey || e.metaKey || e.altKey || !this.n) return;
        const from = this.cur < 0 ? this.binAt(this.v0) : this.cur;
        const keys = {
          ArrowLeft: () => e.shiftKey ? this.nextPart(-1) : this.move(this.cur < 0 ? from : from - 1),
          ArrowRight: () => e.shiftKey ? this.nextPart(1) : this.move(this.cur < 0 ? from : from + 1),
          PageUp: () => this.pan(-.8), PageDown: () => this.pan(.8),
          Home: () => this.move(0), End: () => this.move(this.n - 1),
          '+': () => this.zoom(.5), '=': () => this.zoom(.5), '-': () => this.zoom(2), '0': () => this.all(),
          Escape: () => this.hide(),
        };
        const act = keys[e.key];
        if (act) { e.preventDefault(); act(); }
      });
      const tools = { left: () => this.pan(-.5), right: () => this.pan(.5), in: () => this.zoom(.5), out: () => this.zoom(2), all: () => this.all() };
      root.closest('.timeline-card').querySelectorAll('[data-do]').forEach(b => b.addEventListener('click', tools[b.dataset.do]));
    }
    show(from, to) {
      const m = Math.max((to - from) * .5, this.step * 20); this.view(from - m, to + m);
      this.root.scrollIntoView({ block: 'center' });
      this.root.focus({ preventScroll: true });
      this.move(this.binAt(from));
    }
  }

  const timelines = new Map();
  for (const d of JSON.parse(document.getElementById('data').textContent) || []) {
    timelines.set(d.id, new Timeline(document.querySelector('.timeline[data-stream="' + d.id + '"]'), d));
  }
  const redraw = () => { for (const t of timelines.values()) t.draw(); };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  matchMedia('print').addEventListener('change', redraw);
  document.addEventListener('click', e => {
    const b = e.target.closest('.goto');
    if (b) timelines.get(b.dataset.stream).show(+b.dataset.at, +b.dataset.to);
  });
})();
