// The third step: asks for the dog, and shows what came of it.

import { answered, callPatiently } from "./api.js";
import { $, announce, el, focusOn, icon } from "./dom.js";
import { matchView } from "./match.js";
import { pup } from "./pup.js";
import { faceOf, goodPhotos, keepAnswers, seenDogs, state } from "./state.js";
import { explained, isAboutPhoto, pairsOf, w } from "./words.js";

const TOP = 5;
/** How the drawn dog looks at a problem. */
const moods = { NO_CANDIDATE: "curious", NO_FACE: "shy", OFFLINE: "loner" };
let actions = {};
let running = null;

/** `{ go(step, shown), show() }` */
export const connect = (given) => { actions = given; };

/** Prepares the first search with the present photos and answers; returns its place in `state.shown`. */
export function begin({ relax = false } = {}) {
  state.shown.forEach((entry) => { entry.past = true; });
  return add({ excluded: [], relax });
}

function add(entry) {
  return state.shown.push({ photos: goodPhotos(), answers: { ...state.answers }, region: state.region, status: "new", ...entry }) - 1;
}

/** Shows a dog that was found, or searches. */
export function show(index) {
  const entry = state.shown[index];
  leave();
  if (entry.status === "done") return draw(entry);
  search(entry);
}

/** Gives up the search that is under way. */
export function leave() {
  running?.abort();
  running = null;
}

/** Searches again after the network came back. */
export function tryAgain() {
  const entry = state.shown[history.state?.shown];
  if (history.state?.step === "dog" && entry?.problem?.reason === "OFFLINE") search(entry);
}

async function search(entry) {
  const abort = new AbortController();
  running = abort;
  entry.status = "running";
  entry.problem = null;
  skeleton();
  announce(w().searching);
  try {
    entry.answer = answered(await callPatiently("similar-dog", () => ({ method: "POST", body: form(entry), signal: abort.signal }), waiting));
    entry.match = entry.answer.matches[0];
    entry.status = "done";
  } catch (problem) {
    if (abort.signal.aborted) return;
    entry.problem = problem;
    entry.status = "failed";
  }
  if (running !== abort) return;
  running = null;
  if (entry.status === "failed") return drawProblem(entry);
  draw(entry);
  const { name } = entry.match.attributes;
  announce(w().found(name, w().score(pairsOf(entry.match.score))));
  focusOn($("h-dog"));
}

function form(entry) {
  const body = new FormData();
  body.append("imageId", "photo");
  for (const photo of entry.photos) body.append("image", photo.blob, "photo.jpg");
  if (Object.keys(entry.answers).length) body.append("temperament", JSON.stringify(entry.answers));
  if (entry.region) body.append("region", entry.region);
  if (entry.excluded.length) body.append("excludeDogIds", JSON.stringify(entry.excluded));
  body.append("top", String(TOP));
  body.append("detail", "true");
  body.append("onNoCandidate", entry.relax ? "relax" : "error");
  body.append("face", JSON.stringify(entry.photos.map(middleOfFace)));
  return body;
}

function middleOfFace(photo) {
  const { left, top, right, bottom } = faceOf(photo).box;
  return { x: (left + right) / 2, y: (top + bottom) / 2 };
}

function skeleton() {
  $("step-dog").replaceChildren(
    el("div", { class: "waiting" },
      el("h1", { id: "h-dog", tabindex: "-1" }, w().searching),
      el("p", { class: "lead", id: "waiting" }, w().searchingLead),
      el("div", { class: "pair", "aria-hidden": "true" }, el("div", { class: "bone square" }), el("div", { class: "bone square" })),
      el("div", { class: "bone line" }), el("div", { class: "bone line short" })));
}

/** Tells how long a busy server asks to wait. */
function waiting(seconds) {
  const sentence = seconds ? w().busy(seconds) : w().busyNow;
  if ($("waiting")) $("waiting").textContent = sentence;
  if (seconds === 0 || !waiting.said) announce(sentence);
  waiting.said = seconds !== 0;
}

function draw(entry) {
  $("step-dog").replaceChildren(matchView(entry, {
    another: () => actions.go("dog", add({ excluded: [...seen()], relax: entry.relax })),
    choose: (match) => actions.go("dog", add({ excluded: entry.excluded, relax: entry.relax, status: "done", answer: entry.answer, match, photos: entry.photos })),
    share: async (drawing) => (await import("./share.js")).share(entry, drawing),
    answers: () => actions.go("questions"),
    again: () => actions.go("photo"),
  }));
}

const seen = () => seenDogs(state.shown.filter((entry) => !entry.past));

function drawProblem(entry) {
  const { reason } = entry.problem;
  const allSeen = reason === "NO_CANDIDATE" && entry.excluded.length > 0;
  const [heading, todo] = explained(allSeen ? "ALL_SEEN" : reason);
  $("step-dog").replaceChildren(el("div", { class: "card trouble" }, pup(moods[reason] ?? "homebody"),
    el("h1", { id: "h-dog", tabindex: "-1" }, heading), el("p", { class: "lead" }, todo),
    el("div", { class: "actions" }, ways(entry, reason, allSeen))));
  announce(`${heading}. ${todo}`);
  focusOn($("h-dog"));
}

/** What a person can do about a problem. */
function ways(entry, reason, allSeen) {
  const button = (words, name, onclick, primary) => el("button", { class: primary ? "button primary" : "button", type: "button", onclick }, icon(name), words);
  if (isAboutPhoto(reason)) return [button(w().otherPhoto, "photo", () => actions.go("photo"), true)];
  if (reason !== "NO_CANDIDATE") return [button(w().retry, "next", () => search(entry), true), button(w().changeAnswers, "back", () => actions.go("questions"))];
  const relax = (change) => () => {
    change();
    keepAnswers();
    actions.go("dog", begin());
  };
  return [
    Object.keys(entry.answers).length > 0 && button(w().relaxMood, "ok", relax(() => { state.answers = {}; }), true),
    entry.region && button(w().relaxRegion, "ok", relax(() => { state.region = ""; }), true),
    !allSeen && button(w().relaxAll, "next", () => actions.go("dog", begin({ relax: true }))),
    allSeen && button(w().seeAgain, "next", () => actions.go("dog", begin({ relax: entry.relax }))),
    button(w().changeAnswers, "back", () => actions.go("questions")),
  ];
}
