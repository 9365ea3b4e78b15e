'use strict';
// Draws the timelines. Everything else on the page is plain HTML.
(() => {
  const KINDS = ['', 'undecided', 'glitch', 'transition', 'churn', 'censored'];
  const CELLS = 1024;
  const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif';
  const THIN = '\u202f';
  const clamp = (v, a, b) => Math.min(Math.max(v, a), b);

  function clock(ms) {
    const cs = Math.round(ms / 10), pad = n => String(n).padStart(2, '0');
    const h = Math.floor(cs / 360000), m = Math.floor(cs / 6000) % 60, s = Math.floor(cs / 100) % 60;
    return (h ? h + ':' + pad(m) : m) + ':' + pad(s) + '.' + pad(cs % 100);
  }
  function percent(perMille) {
    return (perMille / 10).toFixed(perMille < 100 ? 1 : 0) + THIN + '%';
  }
  // palette reads the colours of the style sheet, which knows about dark mode and print.
  function palette() {
    const css = getComputedStyle(document.documentElement);
    const get = name => css.getPropertyValue('--' + name).trim();
    const p = {};
    for (const n of ['card', 'ink', 'dim', 'line', 'track', 'accent', 'accent-soft', 'other', 'other2',
      'glitch', 'transition', 'churn', 'censored']) p[n] = get(n);
    p.c = [0, 1, 2, 3, 4, 5].map(i => get('c' + i));
    p.undecided = p.censored;
    return p;
  }
  function inkOn(color) {
    const hex = color.replace('#', '');
    const [r, g, b] = [0, 2, 4].map(i => parseInt(hex.slice(i, i + 2), 16));
    return r * .299 + g * .587 + b * .114 > 140 ? '#14161a' : '#ffffff';
  }
  // shape draws a kind's mark; filled marks are unexplained flips.
  function shape(g, kind, x, y, r, color, filled) {
    g.beginPath();
    if (kind === 2) { g.moveTo(x, y - r); g.lineTo(x + r, y + r * .85); g.lineTo(x - r, y + r * .85); g.closePath(); }
    else if (kind === 3) g.arc(x, y, r * .9, 0, 7);
    else if (kind === 4) { g.moveTo(x, y - r * 1.1); g.lineTo(x + r * 1.1, y); g.lineTo(x, y + r * 1.1); g.lineTo(x - r * 1.1, y); g.closePath(); }
    else g.rect(x - r * .8, y - r * .8, r * 1.6, r * 1.6);
    g.lineWidth = 1.5; g.strokeStyle = color; g.lineJoin = 'round'; g.setLineDash([]);
    if (filled) { g.fillStyle = color; g.fill(); }
    g.stroke();
  }
  const DASHES = [[], [7, 3], [2, 3], [9, 3, 2, 3], [4, 2], [12, 4], [1, 3], [6, 2, 1, 2]];

  class Timeline {
    constructor(root, d) {
      this.root = root; this.d = d;
      this.canvas = root.querySelector('canvas'); this.g = this.canvas.getContext('2d');
      this.cursorEl = root.querySelector('.cursor'); this.tip = root.querySelector('.tip');
      this.n = d.start.length; this.t0 = this.n ? d.start[0] : 0; this.t1 = Math.max(d.end, this.t0 + 1);
      this.v0 = this.t0; this.v1 = this.t1; this.cur = -1; this.pad = 6; this.gutter = 46;
      this.step = (this.t1 - this.t0) / Math.max(1, this.n);
      this.flipsOf = new Map();
      for (const f of d.flips) { if (!this.flipsOf.has(f[0])) this.flipsOf.set(f[0], []); this.flipsOf.get(f[0]).push(f); }
      this.flipBins = [...this.flipsOf.keys()].sort((a, b) => a - b);
      const seen = new Set(d.flips.map(f => f[1]));
      this.kinds = [...seen].every(k => k < 2) && seen.size ? [...seen] : [2, 3, 4, 5].concat([...seen].filter(k => k < 2));
      root.setAttribute('aria-valuemin', 0); root.setAttribute('aria-valuemax', Math.max(0, this.n - 1));
      this.say(0);
      this.listen();
      new ResizeObserver(() => this.draw()).observe(root);
    }

    time(t) { if (this.d.origin) return new Date(this.d.origin + t).toISOString().slice(5, 16).replace('T', ' '); return this.d.unit === 'ms' ? clock(t) : 'frame ' + Math.round(t); }
    // endOf is where a bin ends: at the next one, or before it where a break lies between.
    endOf(i) {
      if (i + 1 >= this.n) return this.d.end;
      const next = this.d.start[i + 1];
      if (!this.openFrom) this.openFrom = new Map(this.d.breaks.map(b => [b.to, b.from]));
      return this.openFrom.has(next) ? this.openFrom.get(next) : next;
    }
    frames(i) { return i + 1 < this.n ? this.d.per : this.d.last; }
    mid(i) { return this.d.per > 1 ? (this.d.start[i] + this.endOf(i)) / 2 : this.d.start[i]; }
    get right() { return this.w - this.pad - this.gutter; }
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
        if (this.cur >= 0) { const c = this.mid(this.cur); if (c >= this.v0 && c <= this.v1) at = c; }
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
      const d = this.d, lanes = [];
      let y = 2;
      const lane = (name, title, h) => { lanes.push({ name, title, y: y + 20, h }); y += h + 34; };
      if (d.label.length) lane('ribbon', 'Label', 46); else y += 22;
      y -= 14;
      lanes.push({ name: 'flips', title: '', y, h: this.kinds.length * 17 }); y += this.kinds.length * 17 + 14;
      if (d.lines.length) lane('lines', d.traced ? 'Probability of the traced classes' : 'Probability of the leading classes', w < 560 ? 120 : 150);
      if (d.change.some(c => c >= 0)) lane('change', 'Change of the picture: share of the model’s view that changed', 64);
      if (d.window) lane('window', 'Flip fraction over ' + (d.unit === 'ms' ? +(d.window.width / 1000).toFixed(1) + THIN + 's' : 'the window') + (d.origin ? '' : ', with its 95' + THIN + '% interval'), 70);
      if (d.odd) lane('odd', 'Unexplained share of pairs', 70);
      this.axisY = y - 8; const h = this.axisY + 36;
      const ratio = window.devicePixelRatio || 1;
      this.canvas.style.height = h + 'px';
      this.canvas.width = Math.round(w * ratio); this.canvas.height = Math.round(h * ratio);
      const g = this.g; g.setTransform(ratio, 0, 0, ratio, 0, 0); g.clearRect(0, 0, w, h);
      g.font = FONT; g.textBaseline = 'alphabetic';
      this.lanes = lanes;
      this.grid(lanes);
      for (const l of lanes) {
        g.save();
        this[l.name](l);
        g.restore();
      }
      this.marks(lanes);
      for (const l of lanes) {
        if (!l.title) continue;
        const text = this.fit(l.title, w - 2 * this.pad);
        g.fillStyle = this.p.card; g.fillRect(0, l.y - 18, this.pad + g.measureText(text).width + 4, 15);
        g.fillStyle = this.p.dim; g.fillText(text, this.pad, l.y - 7);
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
    grid(lanes) {
      const g = this.g, span = this.v1 - this.v0, per = (this.right - this.pad) / span;
      const ms = this.d.unit === 'ms';
      const steps = ms ? [10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5, 36e5, 72e5, 144e5, 432e5, 864e5, 1728e5, 6048e5]
        : [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6];
      const step = steps.find(s => s * per >= 72) || steps[steps.length - 1];
      g.lineWidth = 1; g.strokeStyle = this.p.line; g.fillStyle = this.p.dim; g.setLineDash([]);
      const top = lanes[0].y;
      g.beginPath();
      const o = this.d.origin || 0;
      for (let t = Math.ceil((this.v0 + o) / step) * step - o; t <= this.v1; t += step) {
        const x = Math.round(this.x(t)) + .5;
        g.moveTo(x, top); g.lineTo(x, this.axisY);
        let label = this.d.origin ? this.time(t).slice(...(step >= 864e5 ? [0, 5] : [6])) : ms ? clock(t).replace(step >= 1000 ? /\.\d+$/ : /0$/, '') : String(Math.round(t));
        const tw = g.measureText(label).width;
        g.fillText(label, clamp(x - tw / 2, 0, this.w - tw), this.axisY + 16);
      }
      g.stroke();
    }
    // level draws a line of a chart's scale, with its text in the gutter.
    level(l, f, text) {
      const g = this.g, y = Math.round(l.y + l.h - f * l.h) + .5;
      g.strokeStyle = this.p.line; g.lineWidth = 1; g.setLineDash([]);
      g.beginPath(); g.moveTo(this.pad, y); g.lineTo(this.right, y); g.stroke();
      g.fillStyle = this.p.dim; g.fillText(text, this.right + 6, y + 4);
    }
    clip(l) {
      const g = this.g; g.beginPath(); g.rect(this.pad - 2, l.y - 3, this.right - this.pad + 4, l.h + 6); g.clip();
    }
    ribbon(l) {
      const g = this.g, d = this.d, [a, b] = this.visible();
      const right = this.right; this.clip(l);
      g.fillStyle = this.p.track; g.fillRect(this.pad, l.y, right - this.pad, l.h);
      const wide = (right - this.pad) / (b - a + 1);
      if (d.per === 1 && wide >= 1) {
        for (let i = a; i <= b;) {
          let k = i + 1;
          while (k <= b && d.label[k] === d.label[i] && !this.breakBefore(k)) k++;
          const x0 = Math.max(this.pad, this.x(d.start[i])), x1 = Math.min(right, this.x(this.endOf(k - 1)));
          const name = d.label[i], color = this.color(name);
          g.fillStyle = color; g.fillRect(x0, l.y, Math.max(1, x1 - x0 - (x1 - x0 > 6 ? 1 : 0)), l.h);
          if (x1 - x0 > 34) {
            const text = this.fit(d.names[name], x1 - x0 - 12);
            if (text.length > 3 || text === d.names[name]) { g.fillStyle = inkOn(color); g.fillText(text, x0 + 6, l.y + l.h / 2 + 4); }
          }
          i = k;
        }
      } else {
        // Too many for a column each: the share of each label, leading ones below.
        let col = -1, sums = null;
        const flush = (x0, x1) => {
          let total = 0; for (const s of sums) total += s;
          let y = l.y + l.h;
          sums.forEach((s, c) => {
            if (!s) return;
            const hh = s / total * l.h; y -= hh;
            g.fillStyle = c < 6 ? this.p.c[c] : c === 6 ? this.p.other : this.p.other2;
            g.fillRect(x0, y, x1 - x0 + .5, hh + .3);
          });
        };
        for (let i = a; i <= b; i++) {
          const x = Math.max(this.pad, wide >= 1 ? this.x(d.start[i]) : Math.floor(this.x(d.start[i])));
          if (x !== col) { if (sums) flush(col, wide >= 1 ? x : col + 1); col = x; sums = new Array(8).fill(0); }
          const s = d.shares ? d.shares[i] : [d.label[i], 1];
          let known = 0;
          for (let k = 0; k < s.length; k += 2) {
            const c = d.colors[s[k]]; known += s[k + 1];
            sums[c >= 0 ? c : 6] += s[k + 1];
          }
          sums[7] += Math.max(0, (d.shares ? this.frames(i) : 1) - known);
        }
        if (sums) flush(col, Math.max(col + 1, Math.min(right, this.x(this.endOf(b)))));
      }
    }
    breakBefore(i) {
      const t = this.d.start[i];
      if (!this.breakSet) this.breakSet = new Set(this.d.breaks.map(b => b.to).concat(this.d.cuts));
      return this.breakSet.has(t);
    }
    flips(l) {
      const g = this.g, [a, b] = this.visible();
      g.beginPath(); g.rect(0, l.y, this.right + this.pad, l.h); g.clip();
      this.kinds.forEach((k, row) => {
        const y = l.y + row * 17 + 9;
        g.strokeStyle = this.p.line; g.lineWidth = 1; g.setLineDash([]);
        g.beginPath(); g.moveTo(this.pad, y + .5); g.lineTo(this.right, y + .5); g.stroke();
        // Marks that would overlap become one, larger with their number.
        let x0 = -99, count = 0, filled = 0, sum = 0;
        const flush = () => {
          if (count) shape(g, k, sum / count, y, clamp(4.4 + Math.log2(count) * .5, 4.4, 6.6), this.p[KINDS[k] || 'undecided'], filled > 0);
        };
        for (const f of this.d.flips) {
          if (f[1] !== k || f[0] < a || f[0] > b + 1) continue;
          const x = this.x(this.mid(f[0]));
          if (x - x0 > 9) { flush(); x0 = x; count = filled = sum = 0; }
          count += f[2]; filled += f[3]; sum += x * f[2];
        }
        flush();
      });
    }
    lines(l) {
      const g = this.g, d = this.d, [a, b] = this.visible();
      if (!this.topLine) {
        // The scale fits the whole run, so that zooming doesn't change it.
        let most = 0;
        for (const line of d.lines) for (const v of line.v) most = Math.max(most, v);
        this.topLine = [100, 200, 400, 600, 1000].find(t => most <= t) || 1000;
      }
      const top = this.topLine, word = v => v / 10 + THIN + '%';
      this.level(l, 0, '0'); this.level(l, .5, word(top / 2)); this.level(l, 1, word(top)); this.clip(l);
      const y = v => l.y + l.h - Math.min(v, top) / top * l.h;
      // A point for every few pixels, else lines become surfaces.
      const per = Math.max(1, Math.round((b - a + 1) / (this.w / 3))), dense = (b - a + 1) / per > this.w / 5;
      d.lines.forEach((line, n) => {
        const pts = [];
        for (let i = Math.max(0, a - per); i <= Math.min(this.n - 1, b + per); i += per) {
          let sum = 0, known = 0, bound = 0;
          for (let k = i; k < Math.min(i + per, this.n); k++) {
            if (line.v[k] >= 0) { sum += line.v[k]; known++; } else bound += d.fifth ? d.fifth[k] : 0;
          }
          const m = Math.min(per, this.n - i);
          pts.push({ x: this.x(this.mid(i)), y: y((sum + bound) / m), known: known > 0, cut: this.breakBefore(i) });
        }
        g.strokeStyle = line.color >= 0 ? this.p.c[line.color] : this.p.ink;
        for (const solid of [false, true]) {
          g.globalAlpha = solid ? 1 : .38; g.lineWidth = !solid ? 1 : dense ? 1.4 : 2;
          g.setLineDash(!solid ? [1, 3] : dense ? [] : DASHES[n]); g.lineJoin = 'round';
          g.beginPath();
          let open = false;
          pts.forEach((p, i) => {
            const q = pts[i - 1];
            if (!q || p.cut) { open = false; return; }
            if ((q.known && p.known) === solid) { if (!open) g.moveTo(q.x, q.y); g.lineTo(p.x, p.y); open = true; } else open = false;
          });
          g.stroke();
        }
        g.globalAlpha = 1; g.fillStyle = g.strokeStyle;
        pts.forEach((p, i) => {
          const alone = p.known && !(pts[i - 1] && pts[i - 1].known && !p.cut) && !(pts[i + 1] && pts[i + 1].known && !pts[i + 1].cut);
          if (alone) { g.beginPath(); g.arc(p.x, p.y, 1.6, 0, 7); g.fill(); }
        });
      });
    }
    change(l) {
      const g = this.g, d = this.d, [a, b] = this.visible();
      const f = v => Math.sqrt(Math.max(0, v) / CELLS), base = l.y + l.h - 6, hh = l.h - 6;
      const up = { y: l.y, h: hh };
      this.level(up, f(.1 * CELLS), '10' + THIN + '%'); this.level(up, 1, '100' + THIN + '%'); this.clip(l);
      g.setLineDash([]);
      const wide = (this.right - this.pad) / (b - a + 1);
      const bar = (x0, x1, v, most, still) => {
        if (most > v) { g.globalAlpha = .35; g.fillStyle = this.p.dim; g.fillRect(x0, base - f(most) * hh, x1 - x0, f(most) * hh); g.globalAlpha = 1; }
        if (v > 0) { g.fillStyle = this.p.dim; g.globalAlpha = .75; g.fillRect(x0, base - f(v) * hh, x1 - x0, f(v) * hh); g.globalAlpha = 1; }
        if (still) { g.fillStyle = this.p.accent; g.fillRect(x0, base + 1, Math.max(1, x1 - x0), 4); }
      };
      let col = null;
      for (let i = a; i <= b; i++) {
        const v = d.change[i]; if (v < 0) continue;
        const x0 = this.x(d.start[i]), most = d.most ? d.most[i] : v;
        if (wide >= 1) { bar(x0, Math.max(x0 + 1, x0 + wide - (wide > 4 ? 1 : 0)), v, most, v === 0); continue; }
        const c = Math.floor(x0);
        if (!col || col.x !== c) { if (col) bar(col.x, col.x + 1, col.sum / col.n, col.most, col.still); col = { x: c, sum: 0, n: 0, most: 0, still: false }; }
        col.sum += v; col.n++; col.most = Math.max(col.most, most); col.still = col.still || v === 0;
      }
      if (col) bar(col.x, col.x + 1, col.sum / col.n, col.most, col.still);
      g.strokeStyle = this.p.line; g.beginPath(); g.moveTo(this.pad, base + .5); g.lineTo(this.right, base + .5); g.stroke();
    }
    odd(l) { this.window(l, this.d.odd); }
    window(l, win = this.d.window) {
      const g = this.g, d = this.d;
      // The first windows hold few pairs: their intervals may reach beyond the chart.
      const his = [...win.hi].sort((a, b) => a - b);
      let top = Math.max(10, his[Math.floor(his.length * .9)], ...win.v);
      top = [10, 20, 50, 100, 200, 300, 500, 750, 1000].find(t => top <= t) || 1000;
      this.level(l, 0, '0'); this.level(l, 1, percent(top)); this.clip(l);
      const y = v => l.y + l.h - clamp(v, 0, top) / top * l.h;
      g.setLineDash([]);
      const draw = (a, b) => { // the points [a, b), which no break parts
        g.beginPath();
        for (let i = a; i < b; i++) g.lineTo(this.x(win.t[i]), y(win.hi[i] < 0 ? win.v[i] : win.hi[i]));
        for (let i = b - 1; i >= a; i--) g.lineTo(this.x(win.t[i]), y(win.lo[i] < 0 ? win.v[i] : win.lo[i]));
        g.closePath(); g.globalAlpha = .75; g.fillStyle = this.p['accent-soft']; g.fill(); g.globalAlpha = 1;
        g.beginPath(); g.strokeStyle = this.p.accent; g.lineWidth = 2; g.lineJoin = 'round';
        for (let i = a; i < b; i++) g.lineTo(this.x(win.t[i]), y(win.v[i]));
        g.stroke();
        if (b - a === 1) { g.beginPath(); g.fillStyle = this.p.accent; g.arc(this.x(win.t[a]), y(win.v[a]), 3, 0, 7); g.fill(); }
      };
      let from = 0, next = 0;
      for (let i = 0; i < win.t.length; i++) {
        let parted = false;
        while (next < d.breaks.length && d.breaks[next].to <= win.t[i]) { parted = true; next++; }
        if (parted && i > from) { draw(from, i); from = i; }
      }
      if (from < win.t.length) draw(from, win.t.length);
    }
    // marks draws what goes through all lanes: cuts and breaks.
    marks(lanes) {
      const g = this.g, top = lanes[0].y;
      for (const b of this.d.breaks) {
        const x0 = this.x(b.from), x1 = Math.max(x0 + 2, this.x(b.to));
        if (x1 < this.pad || x0 > this.right) continue;
        const l = Math.max(this.pad, x0), r = Math.min(this.right, x1);
        g.save(); g.beginPath(); g.rect(l, top, r - l, this.axisY - top); g.clip();
        g.fillStyle = this.p.card; g.globalAlpha = .85; g.fillRect(l, top, r - l, this.axisY - top); g.globalAlpha = 1;
        g.strokeStyle = this.p.other; g.lineWidth = 1; g.setLineDash([]); g.beginPath();
        const hh = this.axisY - top;
        for (let x = Math.floor((l - hh) / 8) * 8; x < r; x += 8) { g.moveTo(x, this.axisY); g.lineTo(x + hh, top); }
        g.stroke();
        const tw = g.measureText(b.reason).width;
        if (r - l > tw + 12) {
          g.fillStyle = this.p.card; g.fillRect((l + r - tw) / 2 - 4, top + 14, tw + 8, 18);
          g.fillStyle = this.p.ink; g.fillText(b.reason, (l + r - tw) / 2, top + 27);
        }
        g.restore();
      }
      let last = -99;
      const cuts = this.d.cuts.filter(t => t >= this.v0 && t <= this.v1), dense = cuts.length * 5 > this.w;
      for (const t of cuts) {
        const x = Math.round(this.x(t)) + .5;
        g.strokeStyle = this.p.ink; g.globalAlpha = dense ? .25 : .8; g.lineWidth = 1; g.setLineDash([3, 3]);
        g.beginPath(); g.moveTo(x, top - 4); g.lineTo(x, dense ? top + 6 : this.axisY); g.stroke(); g.globalAlpha = 1;
        if (x - last > 40 && x > 60) { g.fillStyle = this.p.ink; g.fillText('cut', clamp(x - 9, 0, this.w - 20), top - 7); last = x; }
      }
      g.setLineDash([]);
    }
    // map shows which part of the whole is in view.
    map() {
      const g = this.g, y = this.axisY + 25, w = this.right - this.pad, all = this.t1 - this.t0;
      g.fillStyle = this.p.track; g.fillRect(this.pad, y, w, 6);
      const x = this.pad + (this.v0 - this.t0) / all * w;
      g.fillStyle = this.v1 - this.v0 < all * .999 ? this.p.accent : this.p.other;
      g.fillRect(x, y, Math.max(3, (this.v1 - this.v0) / all * w), 6);
    }

    // ---- what is under the cursor
    flipText(i) {
      const d = this.d, fs = this.flipsOf.get(i);
      if (!fs) return '';
      const words = fs.map(f => {
        const kind = KINDS[f[1]] || 'flip', many = f[2] > 1 ? f[2] + ' × ' : '';
        return many + kind + (f[3] ? f[3] === f[2] ? ', unexplained' : ', ' + f[3] + ' unexplained' : '');
      }).join('; ');
      if (d.per > 1 || i === 0 || !d.label.length) return 'flips: ' + words;
      return 'flip: ' + d.names[d.label[i - 1]] + ' → ' + d.names[d.label[i]] + ' (' + words + ')';
    }
    windowAt(t) {
      const w = this.d.window; if (!w) return '';
      let best = -1;
      for (let i = 0; i < w.t.length && w.t[i] <= t; i++) best = i;
      if (best < 0) return '';
      return percent(w.v[best]) + (w.lo[best] >= 0 ? ' (' + percent(w.lo[best]) + ' – ' + percent(w.hi[best]) + ')' : '');
    }
    say(i) {
      if (!this.n) { this.root.setAttribute('aria-valuetext', 'no frames'); return; }
      const d = this.d, parts = [this.time(d.start[i])];
      if (d.label.length) parts.push(d.names[d.label[i]]);
      if (d.score[i] >= 0) parts.push(percent(d.score[i]));
      const f = this.flipText(i); if (f) parts.push(f);
      this.root.setAttribute('aria-valuenow', i); this.root.setAttribute('aria-valuetext', parts.join(', '));
    }
    fill(i) {
      const d = this.d, tip = this.tip;
      tip.replaceChildren();
      const add = (tag, text, parent = tip) => { const e = document.createElement(tag); e.textContent = text; parent.append(e); return e; };
      const head = add('div', '');
      add('b', this.time(d.start[i]), head);
      const first = i * d.per;
      if (d.unit === 'ms' && !d.origin) add('span', d.per > 1 ? '  frames ' + first + '–' + (first + this.frames(i) - 1) : '  frame ' + first, head).className = 'dim';
      if (d.label.length) {
      const name = add('div', '');
      const chip = add('span', '', name); chip.className = 'chip'; chip.style.background = this.color(d.label[i]);
      add('span', ' ' + d.names[d.label[i]] + (d.per > 1 && d.shares[i].length > 2 ? ' and others' : ''), name);
      }
      const f = this.flipText(i); if (f) add('b', f, add('div', ''));
      const table = document.createElement('table');
      const row = (k, v) => { const tr = add('tr', '', table); add('td', k, tr); add('td', v, tr); };
      if (d.score[i] >= 0) row('best score', percent(d.score[i]));
      for (const line of d.lines) if (line.v[i] >= 0) row(line.name, percent(line.v[i]));
      if (d.change[i] >= 0) row(d.per > 1 ? 'cells changed, mean' : 'cells changed', d.change[i] + ' of ' + CELLS);
      const w = this.windowAt(d.start[i]); if (w) row('flip fraction', w);
      tip.append(table);
    }
    move(i, show = true) {
      this.cur = clamp(i, 0, this.n - 1);
      this.say(this.cur);
      const t = this.mid(this.cur);
      if (t < this.v0 || t > this.v1) { const s = (this.v1 - this.v0) / 2; this.view(t - s, t + s); }
      this.shown = show;
      if (show) this.fill(this.cur);
      this.place();
    }
    place() {
      const on = this.cur >= 0 && this.shown && this.n;
      this.cursorEl.hidden = this.tip.hidden = !on;
      if (!on) return;
      const x = this.x(this.mid(this.cur));
      if (x < 0 || x > this.right + 2) { this.cursorEl.hidden = this.tip.hidden = true; return; }
      this.cursorEl.style.left = x + 'px'; this.cursorEl.style.bottom = '36px'; this.cursorEl.style.top = '22px';
      const tw = this.tip.offsetWidth;
      this.tip.style.left = (x + 14 + tw < this.w ? x + 14 : Math.max(0, x - 14 - tw)) + 'px';
      this.tip.style.top = '96px';
    }
    hide() { this.shown = false; this.place(); }
    nextFlip(dir) {
      const from = this.cur < 0 ? (dir > 0 ? -1 : this.n) : this.cur;
      const list = dir > 0 ? this.flipBins : [...this.flipBins].reverse();
      const to = list.find(i => dir > 0 ? i > from : i < from);
      if (to !== undefined) this.move(to);
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
        this.move(this.nearest(this.t(x)));
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
          ArrowLeft: () => e.shiftKey ? this.nextFlip(-1) : this.move(this.cur < 0 ? from : from - 1),
          ArrowRight: () => e.shiftKey ? this.nextFlip(1) : this.move(this.cur < 0 ? from : from + 1),
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
    // nearest is the bin drawn at t: for single frames the last one that began.
    nearest(t) { return this.binAt(t); }
    show(from, to) {
      if (to === undefined) {
        const half = this.d.unit === 'ms' ? 1500 : 40;
        if (this.v1 - this.v0 > half * 4) this.view(from - half, from + half);
      } else { const m = (to - from) * .15; this.view(from - m, to + m); }
      this.root.scrollIntoView({ block: 'center' });
      this.root.focus({ preventScroll: true });
      this.move(this.binAt(from));
    }
  }

  const timelines = new Map();
  for (const d of JSON.parse(document.getElementById('data').textContent) || []) {
    const root = document.querySelector('.timeline[data-stream="' + d.id + '"]');
    timelines.set(d.id, new Timeline(root, d));
  }
  const redraw = () => { for (const t of timelines.values()) t.draw(); };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  matchMedia('print').addEventListener('change', redraw);
  document.addEventListener('click', e => {
    const b = e.target.closest('.goto');
    if (b) timelines.get(b.dataset.stream).show(+b.dataset.at, b.dataset.to === undefined ? undefined : +b.dataset.to);
  });
})();
