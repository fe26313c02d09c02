// Small helpers for elements, focus and announcements.

const SVG = "http://www.w3.org/2000/svg";

/** Makes an element. `props` are attributes; `on…` are listeners; null and false are left out. */
export function el(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** The `lang` of what a shelter wrote, where it is not that of the page. */
export const langOf = (text) => (document.documentElement.lang !== "ko" && /[가-힣]/.test(text ?? "") ? "ko" : null);

/** What a shelter wrote, so marked that a screen reader speaks it in its own language. */
export const quoted = (text) => (langOf(text) ? el("span", { lang: langOf(text) }, text) : text);

/** A sentence of the page around something that a shelter wrote. */
export function around(text, sentence) {
  const at = text && langOf(text) ? sentence.indexOf(text) : -1;
  return at < 0 ? [sentence] : [sentence.slice(0, at), quoted(text), sentence.slice(at + text.length)];
}

/** Makes an SVG element. */
export function svg(tag, props = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(node, props, children) {
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** An icon of the page's sprite. */
export const icon = (name) => svg("svg", { class: "i", "aria-hidden": "true" }, svg("use", { href: `#i-${name}` }));

export const $ = (id) => document.getElementById(id);

/** Moves the focus to a heading, so that a screen reader begins to read there. */
export function focusOn(node) {
  if (!node) return;
  if (!node.hasAttribute("tabindex") && !/^(A|BUTTON|INPUT|SELECT)$/.test(node.tagName)) node.tabIndex = -1;
  node.focus({ preventScroll: true });
}

/** Says something to people who do not see the page. */
export function announce(sentence) {
  const live = $("live");
  live.textContent = "";
  setTimeout(() => { live.textContent = sentence; }, 60);
}
