// The board of the operator: age and size of the catalogue, batches, refusals, latency, answers.

import { $, announce, el } from "./dom.js";
import { language } from "./words.js";

const KEY = "ops-token";
const EVERY = 15_000;
/** A catalogue older than this many hours has missed a night. */
const OLD = 26;

const words = {
  ko: {
    refused: "이 토큰으로는 열 수 없어요.", off: "운영 화면이 꺼져 있어요. 게이트웨이를 --ops-token과 함께 실행하세요.", failed: (status) => `가져오지 못했어요: HTTP ${status}`, unreachable: "게이트웨이에 연결할 수 없어요.", refresh: "새로 고침", leave: "나가기", at: (time) => `${time} 기준`,
    dogs: "강아지", age: "카탈로그 경과 시간", hours: (n) => `${n}시간`, version: "카탈로그 버전", p50: "p50", p99: "p99", workers: "작업 중인 스레드", waiting: "대기", answered: "시작 후 응답", day: "24시간 응답", up: "가동", program: "프로그램", models: "모델",
    batches: "최근 배치", none: "아직 없어요", start: "시작", took: "걸린 시간", trigger: "계기", state: "상태", done: "진행", enrolled: "측정", removed: "삭제", why: "이유", refusals: "거절", reason: "이유", count: "횟수", engines: "엔진", address: "주소", calls: "진행 중", leftOut: "잠시 제외됨", well: "정상", most: "가장 많이 나온 강아지 (24시간)", dog: "강아지", share: "비율",
  },
  en: {
    refused: "This token does not open the board.", off: "The board is off. Start the gateway with --ops-token.", failed: (status) => `Could not be loaded: HTTP ${status}`, unreachable: "The gateway cannot be reached.", refresh: "Refresh", leave: "Leave", at: (time) => `as of ${time}`,
    dogs: "dogs", age: "age of the catalogue", hours: (n) => `${n} h`, version: "catalogue version", p50: "p50", p99: "p99", workers: "threads at work", waiting: "waiting", answered: "answers since start", day: "answers in 24 hours", up: "running for", program: "program", models: "models",
    batches: "Last batches", none: "None yet", start: "began", took: "took", trigger: "by", state: "state", done: "done", enrolled: "measured", removed: "removed", why: "reason", refusals: "Refusals", reason: "reason", count: "times", engines: "Engines", address: "address", calls: "under way", leftOut: "left out for now", well: "well", most: "Most answered dogs (24 hours)", dog: "dog", share: "share",
  },
};
const w = () => words[language()];

let token = sessionStorage.getItem(KEY);
let timer = null;

async function load() {
  clearTimeout(timer);
  const answer = await fetch("/api/v1/ops/status", { headers: { authorization: `Bearer ${token}`, accept: "application/json" }, cache: "no-store" }).catch(() => null);
  if (answer?.ok) {
    sessionStorage.setItem(KEY, token);
    show(await answer.json());
  } else if (answer && [401, 403, 404].includes(answer.status)) {
    return leave(answer.status === 404 ? w().off : w().refused);
  } else {
    complain(answer ? w().failed(answer.status) : w().unreachable);
  }
  timer = setTimeout(() => (document.hidden ? document.addEventListener("visibilitychange", load, { once: true }) : load()), EVERY);
}

/** Tells what is wrong where the operator looks: on the board, or at the door while it is shut. */
function complain(sentence) {
  const open = !$("board").hidden;
  say($("board-problem"), open ? sentence : "");
  say($("door-problem"), open ? "" : sentence);
}

function say(place, sentence) {
  // The same words again would be read aloud again.
  if (place.textContent !== sentence) place.textContent = sentence;
  place.hidden = !sentence;
}

function leave(sentence = "") {
  clearTimeout(timer);
  sessionStorage.removeItem(KEY);
  token = null;
  $("board").hidden = true;
  $("board").replaceChildren();
  $("door").hidden = false;
  complain(sentence);
  $("token").focus();
}

const number = (value) => Number(value ?? 0).toLocaleString(language());
const milliseconds = (value) => `${Number(value ?? 0).toFixed(value < 10 ? 1 : 0)} ms`;
const time = (text) => (text ? new Date(text).toLocaleString(language(), { dateStyle: "short", timeStyle: "short" }) : "–");
const hoursSince = (text) => (Date.now() - Date.parse(text)) / 3_600_000;

function lasted(from, to) {
  const seconds = Math.round((Date.parse(to || new Date().toISOString()) - Date.parse(from)) / 1000);
  return seconds < 120 ? `${seconds} s` : seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

function show({ engines = [], server = {}, catalogue = {}, batches = [] }) {
  const wasHidden = $("board").hidden;
  complain("");
  $("door").hidden = true;
  $("board").hidden = false;
  const age = catalogue.publishedAt ? hoursSince(catalogue.publishedAt) : null;
  const refusals = Object.entries(server.refused ?? {}).sort(([, a], [, b]) => b - a);
  const focused = document.activeElement?.id;
  $("board").replaceChildren(
    el("div", { class: "bar" }, el("p", { class: "small" }, `${w().at(new Date().toLocaleTimeString(language()))} · ${w().program} ${server.version ?? "–"} · ${w().up} ${server.startedAt ? lasted(server.startedAt) : "–"} · ${w().models} ${catalogue.modelVersion ?? "–"}`),
      el("div", {}, el("button", { id: "refresh", class: "quiet", type: "button", onclick: load }, w().refresh), el("button", { class: "quiet", type: "button", onclick: () => leave() }, w().leave))),
    el("dl", { class: "figures" },
      figure(w().dogs, number(catalogue.dogs), Number(catalogue.dogs ?? 0) === 0),
      figure(w().age, age === null ? "–" : w().hours(age < 10 ? age.toFixed(1) : Math.round(age)), age === null || age > OLD),
      figure(w().version, catalogue.version ?? "–"),
      figure(w().p50, milliseconds(server.p50Ms)), figure(w().p99, milliseconds(server.p99Ms)),
      figure(w().workers, `${server.busyWorkers ?? 0} / ${server.workers ?? 0}`), figure(w().waiting, number(server.waiting), server.waiting > (server.workers ?? 0)),
      figure(w().day, number(server.answersOfDay)), figure(w().answered, number(server.answered))),
    el("div", { class: "panels" },
      panel("batches", true, [w().start, w().took, w().trigger, w().state, w().done, w().enrolled, w().removed, w().why], batches.map(batchRow)),
      panel("engines", true, [w().address, w().calls, w().state], engines.map((engine) => [engine.address, number(engine.calls), engine.leftOut ? el("span", { class: "state FAILED" }, w().leftOut) : w().well])),
      panel("refusals", false, [w().reason, w().count], refusals.map(([reason, count]) => [reason, number(count)])),
      panel("most", false, [w().dog, w().count, w().share], (server.mostAnswered ?? []).map(({ dogId, answers }) => [dogId, number(answers), `${((100 * answers) / Math.max(1, server.answersOfDay)).toFixed(1)} %`]))));
  if (focused) $(focused)?.focus();
  if (wasHidden) announce(w().at(new Date().toLocaleTimeString(language())));
}

const figure = (term, value, alarm) => el("div", { class: alarm ? "alarm" : null }, el("dt", {}, term), el("dd", {}, String(value)));

function batchRow(batch) {
  const state = String(batch.state ?? "").replace("BATCH_STATE_", "").toUpperCase();
  const refusals = Object.entries(batch.refusals ?? {}).map(([reason, count]) => `${reason} ${count}`);
  const why = [batch.reason && `${batch.reason}: ${batch.message ?? ""}`, ...refusals].filter(Boolean).join(", ");
  return [time(batch.startedAt), lasted(batch.startedAt, batch.endedAt), batch.trigger, el("span", { class: `state ${state}` }, state.toLowerCase()), `${number(batch.done)} / ${number(batch.listed)}`, number(batch.enrolled), number(batch.removed), el("span", { class: "words" }, why || "–")];
}

function panel(name, full, heads, rows) {
  const [id, title] = [`h-${name}`, w()[name]];
  return el("section", { class: full ? "panel full" : "panel" }, el("h2", { id }, title),
    rows.length === 0 ? el("p", { class: "small" }, w().none) : el("div", { class: "wide", tabindex: "0", role: "region", "aria-labelledby": id }, el("table", {},
      el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", {}, rows.map((row) => el("tr", {}, row.map((cell) => el("td", {}, cell ?? "–"))))))));
}

$("door").addEventListener("submit", (event) => {
  event.preventDefault();
  token = $("token").value.trim();
  $("token").value = "";
  if (token) load();
});
if (token) load();
