// Builds elements. Text goes in as text, never as markup: names of cameras
// and labels come from outside.

const SVG = 'http://www.w3.org/2000/svg';

// h makes an element: h('a', {class: 'x', href: '#/', onclick: f}, 'text', child, …).
export function h(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

// s is the same for SVG.
export function s(tag, props, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(el, props, children) {
  for (const [k, v] of Object.entries(props || {})) {
    if (v === undefined || v === null || v === false) continue;
    if (k.startsWith('on')) el.addEventListener(k.slice(2), v);
    else if (k === 'css') for (const [name, value] of Object.entries(v)) el.style.setProperty(name, value);
    else el.setAttribute(k, v === true ? '' : v);
  }
  el.append(...children.flat().filter(c => c !== null && c !== undefined && c !== false));
  return el;
}

// put replaces what is in an element.
export function put(el, ...children) {
  el.replaceChildren(...children.flat().filter(c => c !== null && c !== undefined && c !== false));
}

// text sets a text only if it is another one, so that nothing is laid out in vain.
export function text(el, value) {
  if (el.textContent !== value) el.textContent = value;
}

export function toggle(el, name, on) {
  if (el.classList.contains(name) !== on) el.classList.toggle(name, on);
}
