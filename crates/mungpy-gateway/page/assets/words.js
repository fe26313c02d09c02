// Turns codes and numbers of the gateway into words of the language that the page is in. Only that
// language is fetched.

const known = {};

export const language = () => (document.documentElement.lang === "ko" ? "ko" : "en");

/** Fetches the words of a language. */
export async function learn(tongue) {
  known[tongue] ??= await import(`./words.${tongue}.js`);
}

const tongue = () => known[language()];

/** The words of the page itself. */
export const w = () => tongue().ui;

/** Reasons of docs/ERRORS.md that people are told the same about. */
const groups = {
  OVERLOADED: "BUSY", RATE_LIMITED: "BUSY",
  CATALOGUE_NOT_PUBLISHED: "CATALOGUE", CATALOGUE_EMPTY: "CATALOGUE",
  ENGINE_UNREACHABLE: "ENGINE", ENGINE_TIMEOUT: "ENGINE", ENGINE_FAILED: "ENGINE", STOPPING: "ENGINE", DEADLINE_PASSED: "ENGINE",
  LANDMARKS_DEGENERATE: "LANDMARKS_UNRELIABLE", REQUEST_TOO_LARGE: "PHOTO",
};

/** `[heading, what to do]` for a reason. */
export function explained(reason) {
  const known = tongue().problems;
  if (known[reason]) return known[reason];
  if (groups[reason]) return known[groups[reason]];
  return reason?.startsWith("PHOTO_") ? known.PHOTO : known.UNKNOWN;
}

/** Whether another photo would help, not another try. */
export const isAboutPhoto = (reason) => /^(NO_FACE|FACE_|LANDMARKS_|SEVERAL_|PHOTO_|REQUEST_TOO_LARGE)/.test(reason ?? "");

/** The sentence of an advice of the engine. */
export const advised = ({ code, sentence }) => tongue().advice[code] ?? sentence;

/** Below this many standard deviations, a ratio is called average. */
const AVERAGE = 0.25;

/** `{ name, sentence }` of a reason, e.g. "Wide-set eyes" and "Your eyes are both set very wide apart". */
export function told({ ratio, personSigma: person, dogSigma: dog, sentence }) {
  const { ratios, degrees, ordinary } = tongue();
  const entry = ratios[ratio];
  if (!entry) return { name: ratio.replaceAll("_", " "), sentence };
  const [what, large, small, bothLarge, bothSmall] = entry;
  const capital = what[0].toUpperCase() + what.slice(1);
  if (Math.abs(person) < AVERAGE && Math.abs(dog) < AVERAGE) return { name: capital, sentence: ordinary.same(what) };
  if (person * dog <= 0) return { name: capital, sentence: ordinary.other(what) };
  const shared = Math.min(Math.abs(person), Math.abs(dog));
  const degree = degrees[shared < 0.6 ? 0 : shared < 1.4 ? 1 : 2];
  return { name: person > 0 ? large : small, sentence: (person > 0 ? bothLarge : bothSmall).replace("~", degree) };
}

/** What a ratio measures. */
export const measured = (ratio) => tongue().ratios[ratio]?.[0] ?? ratio;

/** Whole pairs of 100 that are less alike, never more than is true. */
export const pairsOf = (score) => Math.max(0, Math.min(99, Math.floor(score)));
