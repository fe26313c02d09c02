// The way through the page: photo, check, questions, dog. Each step is an entry of the browser's history.

import * as check from "./check.js";
import { $, announce, focusOn } from "./dom.js";
import { MOST_PHOTOS, photoOfFile, release } from "./photos.js";
import { noticed, state } from "./state.js";
import { language, learn, w } from "./words.js";

const numbers = { photo: 1, check: 1, questions: 2, dog: 3 };
const later = { questions: () => import("./questions.js"), dog: () => import("./dog.js") };
const loaded = {};

/** Loads the modules of a later step once. */
async function room(name) {
  if (!loaded[name]) {
    loaded[name] = await later[name]();
    loaded[name].connect({ onFind: find, go, show });
  }
  return loaded[name];
}

const place = () => {
  const step = history.state?.step ?? "photo";
  if (step !== "photo" && state.photos.length === 0) return "photo";
  return step === "dog" && !state.shown[history.state.shown] ? "questions" : step;
};

/** Goes to a step as a new entry of the history. */
export function go(step, shown) {
  history.pushState({ step, shown }, "");
  state.notices = [];
  show();
}

/** Shows the step of the current entry. */
async function show({ focus = true } = {}) {
  const step = place();
  document.body.dataset.step = step;
  for (const name of Object.keys(numbers)) $(`step-${name}`).hidden = name !== step;
  for (const item of $("steps").children) {
    const number = Number(item.dataset.step);
    item.classList.toggle("done", number < numbers[step]);
    if (number === numbers[step]) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
  if (step !== "dog") loaded.dog?.leave();
  if (step === "photo") drawNotices();
  if (step === "check") check.render();
  if (step === "questions") await (await room("questions")).render();
  if (step === "dog") (await room("dog")).show(history.state.shown);
  if (!focus || place() !== step) return;
  scrollTo(0, 0);
  focusOn($(`h-${step}`));
}

async function find() {
  const dog = await room("dog");
  go("dog", dog.begin());
}

/** Takes files in: as further photos, or in place of the earlier ones. */
async function takeFiles(files, replaces = false) {
  tell([]);
  const free = replaces ? MOST_PHOTOS : MOST_PHOTOS - state.photos.length;
  const results = await Promise.allSettled(files.slice(0, free).map(photoOfFile));
  const photos = results.filter(({ status }) => status === "fulfilled").map(({ value }) => value);
  const notices = results.flatMap(({ reason }, index) => (reason ? [() => unusable(reason, files[index])] : []));
  if (files.length > free) notices.push(() => w().tooMany);
  takePhotos(photos, replaces);
  tell(notices);
}

const unusable = ({ reason }, { name }) => ({ HEIC_UNREADABLE: w().heic, NOT_A_PHOTO: w().notPhoto(name) }[reason] ?? w().unreadable(name));

function takePhotos(photos, replaces) {
  if (photos.length === 0) return;
  if (replaces) {
    state.photos.forEach((photo) => { photo.abort?.abort(); release(photo); });
    state.photos = [];
  }
  const first = state.photos.length;
  state.photos.push(...photos);
  room("questions").then((questions) => questions.prepare());
  if (place() === "check") show({ focus: false });
  else go("check");
  check.look(photos, first);
}

/** Tells about files that cannot be used, where the person is. */
function tell(notices) {
  state.notices = notices;
  drawNotices();
  check.refresh();
  // At the first step the words are an alert; the check step is drawn anew too often for that.
  if (notices.length && place() === "check") announce(noticed());
}

function drawNotices() {
  const words = noticed();
  $("pick-problem").textContent = words;
  $("pick-problem").hidden = !words;
}

function wireFiles() {
  const file = $("file");
  const taken = () => {
    const files = [...file.files];
    file.value = "";
    if (files.length) takeFiles(files, true);
  };
  file.addEventListener("change", taken);
  const over = (on) => document.body.classList.toggle("dragging", on);
  // Somebody may have chosen a photo before the scripts were there. A browser may also offer an
  // earlier choice after a reload, which `autocomplete="off"` prevents.
  taken();
  addEventListener("dragover", (event) => { event.preventDefault(); over(true); });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) over(false); });
  addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length && ["photo", "check"].includes(place())) takeFiles(files, place() === "photo");
  });
}

function wireCamera() {
  const button = $("camera");
  if (!navigator.mediaDevices?.getUserMedia) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    tell([]);
    const { shoot } = await import("./camera.js");
    try {
      const photo = await shoot();
      if (photo) takePhotos([photo], true);
    } catch {
      tell([() => w().cameraFailed]);
      button.hidden = true;
      focusOn($("file"));
    }
  });
}

function speak() {
  const words = w();
  document.title = words.title;
  const button = $("language");
  button.textContent = words.otherLanguage;
  button.lang = language() === "ko" ? "en" : "ko";
  $("steps").setAttribute("aria-label", words.steps);
  document.querySelector(".brand").setAttribute("aria-label", words.home);
}

async function switchLanguage() {
  const other = language() === "ko" ? "en" : "ko";
  await learn(other);
  document.documentElement.lang = other;
  try { sessionStorage.setItem("language", language()); } catch { /* storage may be off */ }
  speak();
  show({ focus: false });
}

await learn(language());
check.connect({
  onFiles: takeFiles,
  onContinue: () => go("questions"),
  onEmpty: () => history.back(),
});
$("language").addEventListener("click", switchLanguage);
document.querySelector(".brand").addEventListener("click", (event) => {
  event.preventDefault();
  go("photo");
});
addEventListener("popstate", () => { state.notices = []; show(); });
addEventListener("online", () => { check.tryAgain(); loaded.dog?.tryAgain(); });
wireCamera();
speak();
history.replaceState({ step: "photo" }, "");
await show({ focus: false });
wireFiles();
