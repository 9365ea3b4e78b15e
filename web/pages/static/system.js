// How flipmeter itself is doing.
import { h, put } from './dom.js';
import { ago, number } from './words.js';
import { get } from './store.js';
import { table } from './alerts.js';

const EVERY = 5000;

export class SystemPage {
  constructor(store) {
    this.store = store;
    this.facts = h('dl', { class: 'how' });
    this.stages = h('dl', { class: 'how' });
    this.receivers = h('div');
    this.config = h('pre', { tabindex: '0' });
    this.configCard = h('section', { class: 'card', hidden: true }, h('h2', {}, 'Configuration in force'), h('p', { class: 'dim' }, 'Secrets are masked.'), this.config);
    this.el = h('div', {}, h('h1', { class: 'page-title' }, 'System'), h('section', { class: 'card' }, this.facts),
      h('section', { class: 'card' }, h('h2', {}, 'Stages'), this.stages), h('section', { class: 'card' }, h('h2', {}, 'Who is told of alerts'), this.receivers), this.configCard);
    this.timer = setInterval(() => this.fetch(), EVERY);
  }

  title() { return 'System'; }
  stop() { clearInterval(this.timer); }
  onUpdate() {}
  onAlerts() {}

  async onCameras() {
    await this.fetch();
    if (!this.store.admin) return;
    try { this.config.textContent = (await get('/configuration')).yaml; this.configCard.hidden = false; } catch { /* there is none */ }
  }

  async fetch() {
    if (document.hidden) return;
    let v;
    try { v = await get('/system'); } catch { return; }
    const rows = list => list.map(([k, x]) => h('div', {}, h('dt', {}, k), h('dd', {}, x)));
    put(this.facts, rows([['Version', v.version || 'unknown'], ['Started', v.started.startsWith('0001') ? '–' : ago(v.started)], ['You are', v.role],
      ['Pages that listen', `${number(v.events.clients)}; ${number(v.events.sent)} updates, ${number(v.events.passed)} passed over by slow ones`], ['Pictures nobody had time for', number(v.pictures_dropped)]]));
    const stages = Object.entries(v.stages).sort((a, b) => a[0].localeCompare(b[0]));
    this.stages.parentElement.hidden = !stages.length;
    put(this.stages, rows(stages.map(([k, x]) => [k.replaceAll('_', ' '), typeof x === 'number' ? number(x) : typeof x === 'string' ? x : JSON.stringify(x)])));
    put(this.receivers, v.receivers.length ? table(['Receiver', 'Told', 'Waiting', 'Failures', 'Refused', 'Lost', 'Last error'], v.receivers.map(r =>
      [r.receiver, number(r.sent), number(r.queued), number(r.failures), number(r.refused), number(r.lost), r.last_error || '']))
      : h('p', { class: 'empty' }, 'Nobody: the configuration lists no receivers.'));
  }
}
