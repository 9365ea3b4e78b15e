// What the pages know: cameras, flips and alerts, fetched once and kept up to
// date by server-sent events. After a lost connection everything is fetched
// anew, so that nothing of what was missed is missing.

const API = 'api/v1';

export class Problem extends Error {
  constructor(status, body) {
    super([body.detail || 'the server answered ' + status, ...(body.errors || [])].join('; '));
    this.status = status;
  }
}

// ask calls the API; it throws a Problem.
export async function ask(method, path, body) {
  const r = await fetch(API + path, {
    method, headers: body ? { 'Content-Type': 'application/json' } : {}, body: body ? JSON.stringify(body) : undefined,
  });
  const type = r.headers.get('Content-Type') || '';
  const data = type.includes('json') ? await r.json() : null;
  if (!r.ok) throw new Problem(r.status, data || {});
  return data;
}

export const get = path => ask('GET', path);
export const cameraPath = name => '/cameras/' + encodeURIComponent(name);
export const pictureURL = c => c.picture ? `${API}${cameraPath(c.name)}/picture?n=${c.picture}` : '';
export const flipURL = (f, side) => `${API}${cameraPath(f.camera)}/flips/${encodeURIComponent(f.id)}/${side}`;

const RETRY_FIRST = 1000, RETRY_MOST = 30000;

export class Store extends EventTarget {
  constructor() {
    super();
    this.cameras = new Map();
    this.alerts = [];
    this.role = '';
    this.connected = false;
    this.changed = new Set();   // names of cameras, told once a frame
    this.flips = [];
    this.retry = RETRY_FIRST;
  }

  // start connects; it never gives up.
  start() {
    this.source = new EventSource(API + '/events');
    const on = (name, f) => this.source.addEventListener(name, e => f(JSON.parse(e.data)));
    on('hello', () => this.refresh());
    on('camera', c => { this.cameras.set(c.name, c); this.touch(c.name); });
    on('removed', c => { this.cameras.delete(c.name); this.tell('cameras'); });
    on('flip', f => { this.flips.push(f); this.touch(null); });
    on('alerts', () => this.fetchAlerts());
    this.source.onerror = () => {
      this.link(false);
      // The browser tries again by itself, but not after an answer it did
      // not expect, as a proxy's.
      if (this.source.readyState === EventSource.CLOSED) {
        setTimeout(() => this.start(), this.retry);
        this.retry = Math.min(2 * this.retry, RETRY_MOST);
      }
    };
  }

  async refresh() {
    try {
      const [cameras, alerts, system] = await Promise.all([get('/cameras'), get('/alerts'), get('/system')]);
      this.cameras = new Map(cameras.map(c => [c.name, c]));
      this.alerts = alerts;
      this.system = system;
      this.role = system.role;
      this.retry = RETRY_FIRST;
      this.link(true);
      this.tell('cameras');
      this.tell('alerts');
    } catch (err) {
      this.source.close();
      this.link(false, err.message);
      setTimeout(() => this.start(), this.retry);
      this.retry = Math.min(2 * this.retry, RETRY_MOST);
    }
  }

  async fetchAlerts() {
    try {
      this.alerts = await get('/alerts');
      this.tell('alerts');
    } catch { /* the next hello fetches them */ }
  }

  get admin() { return this.role === 'admin'; }

  alertsOf(camera) { return this.alerts.filter(a => a.camera === camera); }

  link(connected, why = '') {
    this.connected = connected;
    this.why = why;
    this.tell('link');
  }

  // touch tells of changes once a frame, however many there are. A hidden
  // page has no frames: it is told when it is looked at again.
  touch(name) {
    if (name !== null) this.changed.add(name);
    if (this.flips.length > 500) this.flips.splice(0, this.flips.length - 500);
    if (this.due) return;
    this.due = true;
    requestAnimationFrame(() => {
      this.due = false;
      const names = this.changed, flips = this.flips;
      this.changed = new Set();
      this.flips = [];
      this.tell('update', { names, flips });
    });
  }

  tell(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }
}
