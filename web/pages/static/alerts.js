// Alerts: what fires, silences, and what was told before.
import { h, put } from './dom.js';
import { ago, dateTime, duration, number } from './words.js';
import { ask, get } from './store.js';

const FOR = [['3600', 'an hour'], ['14400', 'four hours'], ['86400', 'a day'], ['604800', 'a week'], ['2592000', '30 days']];

export class AlertsPage {
  constructor(store) {
    this.store = store;
    this.firing = h('div');
    this.silences = h('div');
    this.past = h('div');
    this.error = h('p', { class: 'banner banner-alarm', hidden: true, role: 'alert' });
    this.dialog = h('dialog', { 'aria-labelledby': 'silence-title' });
    this.add = h('button', { hidden: true, onclick: () => this.ask({ camera: '', rule: '' }) }, 'New silence');
    this.el = h('div', {}, h('h1', { class: 'page-title' }, 'Alerts'), this.error,
      h('section', { class: 'card' }, h('h2', {}, 'Firing now'), this.firing),
      h('section', { class: 'card' }, h('div', { class: 'card-head' }, h('h2', {}, 'Silences'), this.add), this.silences),
      h('section', { class: 'card' }, h('h2', {}, 'Told in the last day'), this.past), this.dialog);
  }

  title() { return 'Alerts'; }
  stop() { this.dialog.close(); }
  onUpdate() {}
  onCameras() { this.add.hidden = !this.store.admin; this.onAlerts(); }

  async onAlerts() {
    const list = this.store.alerts;
    put(this.firing, list.length ? table(['Since', 'Camera', 'Rule', 'Value', 'Bound', ''], list.map(a => [
      h('span', { title: dateTime(a.starts_at) }, ago(a.starts_at)), h('a', { href: '#/cameras/' + encodeURIComponent(a.camera) }, a.camera),
      h('span', {}, h('span', { class: 'tag' + (a.silenced ? '' : ' tag-alarm') }, a.silenced ? 'silenced' : a.severity || 'firing'), ' ', a.rule),
      `${a.metric} ${number(a.value)}`, number(a.bound), this.store.admin && !a.silenced ? h('button', { onclick: () => this.ask(a) }, 'Silence') : ''])) : h('p', { class: 'empty' }, 'Nothing fires.'));
    await Promise.all([this.fetchSilences(), this.fetchPast()]);
  }

  async fetchSilences() {
    const now = Date.now(), list = (await this.try(() => get('/silences')) || []).filter(s => Date.parse(s.until) > now);
    put(this.silences, list.length ? table(['Camera', 'Rule', 'Until', 'By', 'Why', ''], list.map(s => [s.camera || 'any', s.rule || 'any', dateTime(s.until), s.by, s.comment,
      this.store.admin ? h('button', { onclick: () => this.end(s) }, 'End') : ''])) : h('p', { class: 'empty' }, 'None.'));
  }

  async fetchPast() {
    let list;
    try { list = await get('/history/alerts?limit=100'); } catch { this.past.parentElement.hidden = true; return; }
    this.past.parentElement.hidden = false;
    put(this.past, list.length ? table(['At', 'Camera', 'Rule', 'State', 'Lasted'], list.filter(n => n.state === 'resolved' || n.revision === 0).map(n => [dateTime(n.at), n.camera, n.rule,
      n.state, n.ends_at ? duration(Date.parse(n.ends_at) - Date.parse(n.starts_at)) : ''])) : h('p', { class: 'empty' }, 'Nobody was told of anything.'));
  }

  ask(a) {
    const until = h('select', { name: 'for' }, ...FOR.map(([v, t]) => h('option', { value: v }, t)));
    const camera = h('input', { value: a.camera, placeholder: 'any, or a name with * and ?' }), rule = h('input', { value: a.rule, placeholder: 'any' });
    const comment = h('input', { maxlength: 1024, placeholder: 'why, for the others' });
    const form = h('form', { method: 'dialog', onsubmit: async () => {
      const made = await this.try(() => ask('POST', '/silences', { camera: camera.value, rule: rule.value, duration_s: Number(until.value), comment: comment.value }));
      if (made) await this.store.fetchAlerts();
    } }, h('h2', { id: 'silence-title' }, 'Silence'), h('p', { class: 'dim' }, 'Nobody is told of these alerts for so long. What fires still when it ends is told then.'),
    field('Camera', camera), field('Rule', rule), field('For', until), field('Comment', comment),
    h('div', { class: 'tools' }, h('button', { type: 'button', onclick: () => this.dialog.close() }, 'Cancel'), h('button', { class: 'primary' }, 'Silence')));
    put(this.dialog, form);
    this.dialog.showModal();
  }

  async end(s) {
    await this.try(async () => { await ask('DELETE', '/silences/' + encodeURIComponent(s.id)); return true; });
    await this.store.fetchAlerts();
  }

  async try(f) {
    try { this.error.hidden = true; return await f(); } catch (err) { this.error.hidden = false; put(this.error, err.message); }
  }
}

function field(name, input) { return h('label', { class: 'field' }, h('span', {}, name), input); }

// table is one on a wide screen, and a list of cards on a phone, where each
// cell says what it is.
export function table(heads, rows) {
  return h('div', { class: 'scroll' }, h('table', {}, h('thead', {}, h('tr', {}, heads.map(t => h('th', {}, t)))),
    h('tbody', {}, rows.map(r => h('tr', {}, r.map((c, i) => h('td', { 'data-head': heads[i] }, c)))))));
}
