// The second step: six two-sided questions and the region, all of which may be left open.

import { call } from "./api.js";
import { $, el, langOf } from "./dom.js";
import { pup } from "./pup.js";
import { keepAnswers, state } from "./state.js";
import { language, w } from "./words.js";

let actions = {};
const questionnaires = {};
let regions = null;

/** `{ onFind() }` */
export const connect = (given) => { actions = given; };

/** Fetches the questions once; what fails is tried again the next time. */
export async function prepare() {
  const lang = language();
  questionnaires[lang] ??= call(`temperament?lang=${lang}`).then((found) => found.axes).catch(() => null);
  regions ??= call("attributes/region").then((found) => found.values).catch(() => null);
  const [axes, values] = await Promise.all([questionnaires[lang], regions]);
  if (!axes) questionnaires[lang] = null;
  if (!values) regions = null;
  return [axes, values ?? []];
}

export async function render() {
  const view = $("step-questions");
  if (!$("h-questions")) view.replaceChildren(head(), skeleton());
  const [axes, values] = await prepare();
  forgetUnknown(axes, values);
  const focused = document.activeElement?.id;
  view.replaceChildren(
    head(),
    axes ? el("div", { class: "axes" }, axes.map(axisCard)) : el("p", { class: "card notice" }, w().questionsFailed),
    values.length > 1 && regionChoice(values),
    el("div", { class: "actions stick" },
      el("button", { id: "find", class: "button primary", type: "button", onclick: () => actions.onFind() }, w().find),
      axes && el("button", { id: "skip", class: "quiet", type: "button", onclick: skip }, w().skip)));
  if (focused && view.querySelector(`#${CSS.escape(focused)}`)) $(focused).focus({ preventScroll: true });
}

const head = () => el("div", { class: "step-head" }, el("h1", { id: "h-questions", tabindex: "-1" }, w().questions), el("p", { class: "lead" }, w().questionsLead));

const skeleton = () => el("div", { class: "axes", "aria-hidden": "true" }, Array.from({ length: 6 }, () => el("div", { class: "axis bone" })));

/** An answer of an earlier visit may be to a question that is gone. */
function forgetUnknown(axes, values) {
  if (axes) {
    state.answers = Object.fromEntries(Object.entries(state.answers).filter(([key, side]) => axes.some((axis) => axis.key === key && axis.sides.some((one) => one.key === side))));
  }
  if (values.length && !values.some(({ value }) => value === state.region || value.startsWith(`${state.region} `))) state.region = "";
}

function skip() {
  state.answers = {};
  keepAnswers();
  actions.onFind();
}

function axisCard(axis) {
  return el("fieldset", { class: "axis" },
    el("legend", {}, w().axis[axis.key] ?? w().axisOther),
    el("div", { class: "sides" },
      axis.sides.map((side) => choice(axis, side.key, pup(side.key), side.label))),
    choice(axis, "", null, w().either));
}

function choice(axis, value, picture, words) {
  const id = `answer-${axis.key}-${value || "either"}`;
  const input = el("input", { class: "sr", type: "radio", name: `axis-${axis.key}`, id, value, onchange: () => {
    if (value) state.answers[axis.key] = value;
    else delete state.answers[axis.key];
    keepAnswers();
  } });
  input.checked = (state.answers[axis.key] ?? "") === value;
  return el("div", { class: value ? "side" : "side either" }, input, el("label", { for: id }, picture, el("span", {}, words)));
}

/** Regions by province; "경기도" also stands for every place in it. */
function regionChoice(values) {
  const provinces = new Map();
  for (const one of values) {
    const [province] = one.value.split(" ");
    provinces.set(province, [...(provinces.get(province) ?? []), one]);
  }
  const option = (value, label) => {
    const node = el("option", { value, lang: label.startsWith(value) ? langOf(value) : null }, label);
    node.selected = value === state.region;
    return node;
  };
  const groups = [...provinces].sort(([a], [b]) => a.localeCompare(b, "ko")).map(([province, places]) => {
    const dogs = places.reduce((sum, place) => sum + Number(place.dogs), 0);
    if (places.length === 1 || province.endsWith(",")) return places.map(({ value, dogs: n }) => option(value, `${value} (${n})`));
    return el("optgroup", { label: province, lang: langOf(province) }, option(province, `${w().all(province)} (${dogs})`),
      places.filter(({ value }) => value !== province).sort((a, b) => a.value.localeCompare(b.value, "ko")).map(({ value, dogs: n }) => option(value, `${value} (${n})`)));
  });
  const select = el("select", { id: "region", onchange: () => { state.region = select.value; keepAnswers(); } }, option("", w().anywhere), groups);
  return el("div", { class: "region" }, el("label", { for: "region" }, w().regionLabel), select);
}
