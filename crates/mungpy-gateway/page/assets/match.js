// Shows one dog: the pair, what they share, where to meet it, and who comes next.

import { around, el, icon, quoted, svg } from "./dom.js";
import { pairOf, photoOfDog } from "./pair.js";
import { explained, language, measured, pairsOf, told, w } from "./words.js";

/** Below this score the heading does not say that they look alike. */
const WEAK = 60;
const DAY = 86_400_000;

/** `acts` are `{ another(), choose(match), share(drawing), answers(), again() }`. */
export function matchView(entry, acts) {
  const { match, answer } = entry;
  const { name } = match.attributes;
  const pair = pairOf(entry);
  let chosen = match.reasons[0];
  pair.choose(chosen);
  const choose = (reason) => { chosen = reason; pair.choose(reason); };
  const button = (id, words, picture, onclick, primary) => el("button", { id, class: primary ? "button primary" : "button", type: "button", onclick }, icon(picture), words);
  return el("div", { class: "match" },
    el("div", { class: "match-faces" },
      el("h1", { id: "h-dog", tabindex: "-1" }, around(name, (match.score < WEAK ? w().dogHeadWeak : w().dogHead)(name))),
      pair.node,
      score(match)),
    el("div", { class: "match-side" },
      reasons(match, choose),
      adoption(match),
      notes(entry),
      el("div", { class: "actions" },
        button("share", w().share, "share", () => acts.share({ pair, reason: chosen }), true),
        button("another", w().another, "next", acts.another)),
      el("div", { class: "actions low" },
        el("button", { class: "quiet", type: "button", onclick: acts.answers }, w().changeAnswers),
        el("button", { class: "quiet", type: "button", onclick: acts.again }, w().startAgain))),
    nextOnes(answer.matches.filter((other) => other.dogId !== match.dogId), acts.choose));
}

/** The score as what it is: a place among a hundred pairs. */
function score(match) {
  const pairs = pairsOf(match.score);
  const bars = Array.from({ length: 100 }, (_, i) => svg("rect", { class: i < pairs ? "less" : i === pairs ? "here" : "more", x: i * 3, y: i === pairs ? 0 : 5, width: i === pairs ? 2.6 : 1.7, height: i === pairs ? 18 : 8, rx: 0.8 }));
  return el("div", { class: "score" },
    svg("svg", { viewBox: "0 0 300 18", "aria-hidden": "true" }, bars),
    el("p", {}, w().score(pairs)),
    match.score < WEAK && el("p", { class: "small" }, w().scoreLow));
}

function reasons(match, choose) {
  if (match.reasons.length === 0) return null;
  const rows = match.reasons.map((reason, index) => {
    const { name, sentence } = told(reason);
    const input = el("input", { class: "sr", type: "radio", name: "reason", id: `reason-${index}`, onchange: () => choose(reason) });
    input.checked = index === 0;
    return el("div", { class: "reason" }, input, el("label", { for: `reason-${index}` }, el("b", {}, name), el("span", {}, sentence)));
  });
  return el("fieldset", { class: "reasons" }, el("legend", {}, w().whyAlike), rows, el("p", { class: "small" }, w().compared), numbers(match.reasons));
}

function numbers(all) {
  const signed = (value) => value.toLocaleString(language(), { signDisplay: "always", minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return el("details", { class: "more" }, el("summary", {}, w().numbers), el("p", {}, w().numbersLead),
    el("table", {},
      el("thead", {}, el("tr", {}, [w().part, w().person, w().dog].map((word) => el("th", { scope: "col" }, word)))),
      el("tbody", {}, all.map((reason) => el("tr", {}, el("th", { scope: "row" }, measured(reason.ratio)), el("td", {}, signed(reason.personSigma)), el("td", {}, signed(reason.dogSigma)))))));
}

/** Where to meet the dog, as its shelter says it. */
function adoption(match) {
  const facts = match.attributes;
  const about = [facts.breed, w().sex[facts.sex] ?? facts.sex, facts.neutered === "yes" && w().neutered, facts.age, facts.weight].filter(Boolean);
  const page = /^https?:\/\//.test(facts.page ?? "") ? facts.page : null;
  const telephone = facts.phone?.replace(/[^\d+]/g, "");
  return el("section", { class: "card adopt", "aria-labelledby": "h-meet" },
    el("h2", { id: "h-meet" }, w().meet),
    about.length > 0 && el("p", { class: "about" }, about.flatMap((fact, index) => [index > 0 && " · ", quoted(fact)])),
    el("p", { class: "shelter" }, icon("home"), el("span", {}, quoted(facts.shelter) ?? w().noShelter, (facts.address ?? facts.region) && el("small", {}, quoted(facts.address ?? facts.region)))),
    notice(match),
    el("p", { class: "dog-number small" }, w().dogNumber(match.dogId)),
    (telephone || page) && el("div", { class: "actions" },
      telephone && el("a", { class: "button", href: `tel:${telephone}` }, icon("phone"), w().call(facts.phone)),
      page && el("a", { class: "button", href: page, target: "_blank", rel: "noopener noreferrer" }, icon("out"), w().page, el("span", { class: "sr" }, ` (${w().newTab})`))));
}

function notice({ expiresAt }) {
  const end = Date.parse(expiresAt ?? "");
  if (Number.isNaN(end)) return null;
  const left = Math.floor((end - Date.now()) / DAY);
  if (left < 0) return el("p", { class: "notice-end" }, icon("clock"), w().daysOver);
  const date = new Date(end - 1).toLocaleDateString(language(), { month: "long", day: "numeric" });
  return el("p", { class: `notice-end${left < 4 ? " soon" : ""}` }, icon("clock"), el("span", {}, w().daysLeft(left), el("small", {}, w().until(date))));
}

/** What people should know about how the answer came about. */
function notes({ answer, match }) {
  const said = [];
  for (const demand of answer.relaxed) said.push(demand === "temperament" ? w().relaxedTemperament : w().relaxedRegion);
  answer.photos.forEach((photo, index) => {
    if (photo.reason) said.push(w().photoLeftOutWhy(index + 1, explained(photo.reason)[0]));
    else if (photo.leftOut) said.push(w().photoLeftOut(index + 1));
  });
  const { agreed, compared, answered } = match.agreement ?? {};
  if (answered > 0) said.push(compared > 0 ? w().agreed(agreed, compared) : w().agreedUnknown);
  return said.length > 0 && el("ul", { class: "notes" }, [...new Set(said)].map((sentence) => el("li", {}, sentence)));
}

function nextOnes(matches, choose) {
  if (matches.length === 0) return null;
  return el("section", { class: "next", "aria-labelledby": "h-next" },
    el("h2", { id: "h-next" }, w().nextFour),
    el("ul", {}, matches.map((match) => {
      const { name } = match.attributes;
      const picture = el("img", { src: photoOfDog(match.dogId, 192), alt: "", width: 192, height: 192, loading: "lazy" });
      picture.addEventListener("error", () => picture.replaceWith(el("span", { class: "no-photo" })), { once: true });
      return el("li", {}, el("button", { type: "button", onclick: () => choose(match) },
        picture, el("span", { "aria-hidden": "true" }, quoted(name) ?? w().thisDog), el("span", { class: "sr" }, around(name, w().nextFourOne(name, pairsOf(match.score))))));
    })));
}
