// The step between photo and questions: what the engine sees in each photo, and which face is meant.

import { callPatiently, described } from "./api.js";
import { $, announce, el, focusOn, icon, svg } from "./dom.js";
import { MOST_PHOTOS, release } from "./photos.js";
import { faceOf, noticed, state } from "./state.js";
import { advised, explained, w } from "./words.js";

let current = 0;
let actions = {};

/** `{ onFiles(files), onContinue(), onEmpty() }` */
export const connect = (given) => { actions = given; };

/** Shows and describes new photos. */
export function look(photos, first) {
  current = first;
  for (const photo of photos) describe(photo);
}

async function describe(photo) {
  photo.status = "checking";
  photo.problem = null;
  photo.abort = new AbortController();
  const options = () => {
    const body = new FormData();
    body.append("image", photo.blob, "photo.jpg");
    return { method: "POST", body, signal: photo.abort.signal };
  };
  refresh();
  try {
    photo.report = described(await callPatiently("describe", options, (seconds) => {
      photo.wait = seconds;
      refresh();
    }));
    judge(photo);
  } catch (problem) {
    if (photo.abort.signal.aborted) return;
    photo.status = "failed";
    photo.problem = problem;
  }
  refresh();
  if (state.photos[current] === photo) announce(said(photo));
}

function judge(photo) {
  const faces = photo.report.faces ?? [];
  if (faces.length > 1 && photo.face === undefined) photo.status = "choose";
  else photo.status = faceOf(photo)?.usable ? "good" : "bad";
}

/** Tries the photos again that no answer came for. */
export function tryAgain() {
  for (const photo of state.photos) if (photo.status === "failed") describe(photo);
}

function said(photo) {
  const { heading, hints } = verdict(photo);
  return [heading, ...hints].join(". ");
}

/** Heading and hints for a photo. */
function verdict(photo) {
  const words = w();
  if (photo.wait) return { heading: words.checking, hints: [words.busy(photo.wait)] };
  if (photo.status === "checking") return { heading: words.checking, hints: [] };
  if (photo.status === "choose") return { heading: words.checkChoose, hints: [words.chooseHint] };
  if (photo.status === "good") {
    const hints = (faceOf(photo).advice ?? []).filter(({ code }) => code !== "CHOOSE_FACE").map(advised);
    return { heading: hints.length ? words.checkHint : words.checkGood, hints };
  }
  const face = faceOf(photo);
  const reason = photo.problem?.reason ?? face?.reason ?? "NO_FACE";
  const [heading, todo] = explained(reason || "NO_FACE");
  const more = (face ? face.advice : photo.report?.advice) ?? [];
  const light = more.filter(({ code }) => /LIGHT/.test(code)).map(advised);
  return { heading, hints: [todo, ...light] };
}

/** Draws the step anew, keeping the focus where it is. */
export function refresh() {
  const view = $("step-check");
  if (view.hidden) return;
  const focused = view.contains(document.activeElement) ? document.activeElement.id : null;
  render();
  if (focused) focusOn($(focused) ?? $("h-check"));
}

export function render() {
  const photo = state.photos[current] ?? state.photos[0];
  if (!photo) return;
  const { heading, hints } = verdict(photo);
  const good = state.photos.some((one) => one.status === "good");
  const open = state.photos.some((one) => one.status === "checking" || one.status === "choose");
  $("step-check").replaceChildren(
    el("div", { class: "check" },
      stage(photo),
      el("div", { class: "check-side" },
        el("h1", { id: "h-check", tabindex: "-1", class: `verdict ${photo.status}` }, mark(photo.status), heading),
        el("ul", { class: "hints" }, hints.map((hint) => el("li", {}, hint))),
        photo.status === "failed" && el("button", { id: "check-retry", class: "button", type: "button", onclick: tryAgain }, icon("next"), w().retry),
        state.notices.length > 0 && el("p", { class: "problem" }, noticed()),
        strip(),
        el("p", { class: "small" }, good && state.photos.some((one) => one.status === "bad") ? w().badLeftOut : w().whySeveral),
        el("div", { class: "actions stick" },
          good && !open && el("button", { id: "check-go", class: "button primary", type: "button", onclick: () => actions.onContinue() }, w().goOn),
          !good && !open && picker("file-other", w().otherPhoto, true)))),
  );
}

function mark(status) {
  if (status === "checking") return el("span", { class: "sniff", "aria-hidden": "true" });
  const name = { good: "ok", choose: "tip", bad: "tip", failed: "tip" }[status];
  return el("span", { class: "mark" }, icon(name));
}

function stage(photo) {
  const many = (photo.report?.faces?.length ?? 0) > 1;
  const number = state.photos.indexOf(photo) + 1;
  return el("div", { class: `stage ${photo.status}` },
    el("div", { class: "stage-fit" },
      el("img", { src: photo.url, alt: w().photoAlt(number), width: photo.width, height: photo.height }),
      points(photo),
      many ? photo.report.faces.map((face, index) => faceButton(photo, face, index)) : (photo.report?.faces ?? []).map((face) => placed(el("span", { class: `face one ${face.usable ? "" : "poor"}` }), face.box, photo))));
}

/** The sixteen points of the face that is meant. */
function points(photo) {
  const face = photo.status === "choose" ? null : faceOf(photo);
  if (!face?.landmarks?.length) return null;
  const radius = Math.max(1.5, (face.quality?.interocular ?? 60) * 0.03);
  return svg("svg", { class: "points", viewBox: `0 0 ${photo.width} ${photo.height}`, "aria-hidden": "true" },
    face.landmarks.map(([x, y]) => svg("circle", { cx: x, cy: y, r: radius, "stroke-width": radius * 0.5 })));
}

function placed(node, box, photo) {
  const percent = (part, whole) => `${((100 * part) / whole).toFixed(2)}%`;
  node.style.left = percent(box.left, photo.width);
  node.style.top = percent(box.top, photo.height);
  node.style.width = percent(box.right - box.left, photo.width);
  node.style.height = percent(box.bottom - box.top, photo.height);
  return node;
}

function faceButton(photo, face, index) {
  const choose = () => {
    photo.face = index;
    judge(photo);
    refresh();
    announce(said(photo));
  };
  const label = w().faceNumber(index + 1, photo.report.faces.length);
  const button = el("button", { id: `face-${index}`, class: "face", type: "button", "aria-pressed": String(photo.face === index), "aria-label": label, onclick: choose },
    el("span", { class: "face-number", "aria-hidden": "true" }, String(index + 1)));
  return placed(button, face.box, photo);
}

function strip() {
  const tiles = state.photos.map((photo, index) => el("li", {},
    el("button", { id: `photo-${index}`, class: `tile ${photo.status}`, type: "button", "aria-pressed": String(index === current), "aria-label": w().photoNumber(index + 1), onclick: () => { current = index; refresh(); } },
      el("img", { src: photo.url, alt: "" }), mark(photo.status)),
    el("button", { id: `drop-${index}`, class: "tile-drop", type: "button", "aria-label": w().removePhoto(index + 1), onclick: () => remove(photo) }, icon("x"))));
  if (state.photos.length < MOST_PHOTOS) tiles.push(el("li", {}, picker("file-more", w().addPhoto, false)));
  return el("ul", { class: "strip" }, tiles);
}

/** A file input that adds photos, or replaces them. */
function picker(id, words, replaces) {
  const input = el("input", { id, class: "sr", type: "file", accept: "image/*", multiple: true, onchange: () => { actions.onFiles([...input.files], replaces); } });
  return el("span", { class: replaces ? "pick" : "pick-tile" }, el("label", { class: replaces ? "button primary" : "tile add", for: id }, icon(replaces ? "photo" : "plus"), el("span", {}, words)), input);
}

function remove(photo) {
  photo.abort?.abort();
  state.photos = state.photos.filter((one) => one !== photo);
  release(photo);
  state.notices = [];
  current = Math.max(0, Math.min(current, state.photos.length - 1));
  if (state.photos.length === 0) return actions.onEmpty();
  refresh();
}
