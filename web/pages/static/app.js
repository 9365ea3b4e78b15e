// Starts the pages: which one is shown goes by what stands behind the #.
import { put, text, toggle } from './dom.js';
import { Store } from './store.js';
import { Wall } from './wall.js';
import { CameraPage } from './camera.js';
import { AlertsPage } from './alerts.js';
import { SystemPage } from './system.js';

const main = document.getElementById('main'), link = document.getElementById('link'), firing = document.getElementById('firing'), say = document.getElementById('say');
const store = new Store();
let page = null;

function pageOf(hash) {
  const parts = hash.replace(/^#\/?/, '').split('/').map(p => { try { return decodeURIComponent(p); } catch { return p; } });
  if (parts[0] === 'cameras' && parts[1]) return ['wall', new CameraPage(store, parts[1])];
  if (parts[0] === 'alerts') return ['alerts', new AlertsPage(store)];
  if (parts[0] === 'system') return ['system', new SystemPage(store)];
  return ['wall', new Wall(store)];
}

function show() {
  page?.stop();
  let name;
  [name, page] = pageOf(location.hash);
  document.title = page.title() + ' – flipmeter';
  for (const a of document.querySelectorAll('nav a')) {
    if (a.dataset.page === name) a.setAttribute('aria-current', 'page'); else a.removeAttribute('aria-current');
  }
  put(main, page.el);
  if (store.connected) page.onCameras();
  window.scrollTo(0, 0);
}

// guard keeps an error of one page from ending the updates of all.
const guard = f => { try { const r = f(); r?.catch?.(e => console.error(e)); } catch (e) { console.error(e); } };

store.addEventListener('cameras', () => guard(() => page.onCameras()));
store.addEventListener('update', e => guard(() => page.onUpdate(e.detail)));
store.addEventListener('alerts', () => {
  const n = store.alerts.filter(a => !a.silenced).length;
  if (firing.textContent !== String(n)) say.textContent = n ? `${n} alerts firing` : 'no alert firing';
  firing.hidden = n === 0;
  text(firing, String(n));
  guard(() => page.onAlerts());
});
store.addEventListener('link', () => {
  text(link, store.connected ? 'live' : store.why ? 'not connected: ' + store.why : 'not connected, trying again');
  toggle(link, 'link-on', store.connected);
  // What is shown is old now; a word is enough, for it comes back by itself.
  toggle(document.body, 'stale', !store.connected);
});
window.addEventListener('hashchange', () => { show(); main.focus({ preventScroll: true }); });
document.addEventListener('keydown', e => {
  const typing = e.target.closest?.('input, select, textarea, dialog');
  if (e.key === '/' && !typing && page.onSearch) { e.preventDefault(); page.onSearch(); }
});

show();
store.start();
