// What the page knows. Photos stay in memory; only the answers outlive a reload, until the tab closes.

const KEY = "answers";

export const state = {
  /** `{ blob, canvas, url, width, height, status, report, face, problem }`, at most three. */
  photos: [],
  /** What to tell about the files that were chosen last: functions, so that it follows the language. */
  notices: [],
  /** Axis key to side key. */
  answers: {},
  region: "",
  /** Searches and what they found, in the order of the history's entries. */
  shown: [],
  ...restored(),
};

function restored() {
  try {
    const { answers = {}, region = "" } = JSON.parse(sessionStorage.getItem(KEY)) ?? {};
    return { answers, region };
  } catch {
    return {};
  }
}

export function keepAnswers() {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ answers: state.answers, region: state.region }));
  } catch { /* storage may be off or full: then a reload forgets the answers */ }
}

/** Ids of the dogs that were shown large. */
export const seenDogs = (entries) => [...new Set(entries.filter((entry) => entry.match).map((entry) => entry.match.dogId))];

/** The sentences of the notices, each once. */
export const noticed = () => [...new Set(state.notices.map((notice) => notice()))].join(" ");

/** Photos that can be used for the search. */
export const goodPhotos = () => state.photos.filter((photo) => photo.status === "good");

/** The face that was chosen, or the one the engine would choose. */
export const faceOf = (photo) => photo.report?.faces?.[photo.face ?? 0];
