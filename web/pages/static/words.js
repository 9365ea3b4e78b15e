// Numbers and times as people read them.

const THIN = '\u202f';

export function percent(v, digits) {
  if (v === null || v === undefined) return '–';
  const p = v * 100;
  return p.toFixed(digits ?? (p !== 0 && p < 10 ? 1 : 0)) + THIN + '%';
}

export function number(v, digits = 2) {
  if (v === null || v === undefined) return '–';
  return Number.isInteger(v) || Math.abs(v) >= 100 ? Math.round(v).toLocaleString('en').replaceAll(',', THIN) : v.toPrecision(Math.max(digits, 1));
}

export function duration(ms) {
  if (ms === null || ms === undefined) return '–';
  if (ms < 1000) return Math.round(ms) + THIN + 'ms';
  const s = ms / 1000;
  if (s < 60) return (s < 10 ? s.toFixed(1) : Math.round(s)) + THIN + 's';
  if (s < 3600) return Math.round(s / 60) + THIN + 'min';
  if (s < 86400) return Math.round(s / 3600) + THIN + 'h';
  return Math.round(s / 86400) + THIN + 'd';
}

export function ago(time, now = Date.now()) {
  if (!time) return '–';
  const ms = now - Date.parse(time);
  return ms < 1500 ? 'now' : duration(Math.max(0, ms)) + ' ago';
}

export function clock(time) {
  const t = new Date(time);
  return t.toLocaleTimeString('en-GB') + '.' + String(Math.floor(t.getMilliseconds() / 100));
}

export function dateTime(time) {
  const t = new Date(time);
  const day = t.toDateString() === new Date().toDateString() ? '' : t.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' }) + ', ';
  return day + t.toLocaleTimeString('en-GB');
}

// STATES are a camera's, as people say them.
export const STATES = {
  up: 'up', connecting: 'connecting', frozen: 'frozen', stalled: 'stalled', backoff: 'not reachable', ended: 'ended', failed: 'failed', paused: 'paused', '': 'starting',
};

export function state(name) { return STATES[name] ?? name; }

// RULES are what the built-in rules mean.
export function severityWord(s) { return s || 'alert'; }
