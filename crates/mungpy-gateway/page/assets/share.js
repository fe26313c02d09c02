// Draws the card that people share. It holds the person's face only if they tick it.

import { $, announce, el, icon } from "./dom.js";
import { framed, measurePath, personFace } from "./pair.js";
import { language, pairsOf, told, w } from "./words.js";

const [WIDTH, HEIGHT] = [1080, 1350];
const FONT = '"Pretendard Variable", Pretendard, -apple-system, "Apple SD Gothic Neo", "Noto Sans KR", "Noto Sans CJK KR", "Malgun Gothic", system-ui, sans-serif';
const COLOURS = { paper: "#ffe7a6", white: "#fffdf8", ink: "#2b2018", soft: "#5f4a37", pink: "#ff4f7b" };

/** Opens the dialog with the card. */
export function share(entry, { pair, reason }) {
  const { name } = entry.match.attributes;
  const preview = el("img", { class: "card-preview", alt: w().cardAlt, width: 540, height: 675 });
  const own = el("input", { id: "share-own", type: "checkbox" });
  // What is sent is always what the tick says now, so sending waits for the last drawing.
  let drawn = null;
  const sends = typeof navigator.canShare === "function" && navigator.canShare({ files: [new File([""], "mungpy.jpg", { type: "image/jpeg" })] });
  const redraw = async () => {
    const drawing = card(entry, pair, reason, own.checked);
    drawn = drawing;
    const blob = await drawing;
    if (drawn !== drawing) return;
    URL.revokeObjectURL(preview.src);
    preview.src = URL.createObjectURL(blob);
  };
  const send = async () => {
    const file = new File([await drawn], "mungpy.jpg", { type: "image/jpeg" });
    await navigator.share({ files: [file], title: w().title, text: w().shareText(name), url: location.origin }).catch(() => {});
  };
  const save = async () => {
    const url = URL.createObjectURL(await drawn);
    el("a", { href: url, download: "mungpy.jpg" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
    announce(w().cardSaved);
  };
  own.addEventListener("change", redraw);
  const button = (id, words, picture, onclick, primary) => el("button", { id, class: primary ? "button primary" : "button", type: "button", onclick }, icon(picture), words);
  const dialog = el("dialog", { class: "sheet share", "aria-labelledby": "h-share" },
    el("h2", { id: "h-share" }, w().shareHead), preview,
    el("div", { class: "tick" }, own, el("label", { for: "share-own" }, w().shareOwn, el("small", {}, w().shareOwnHint))),
    el("div", { class: "actions" }, sends && button("share-send", w().shareSend, "share", send, true), button("share-save", w().shareSave, "photo", save, !sends), button("share-close", w().close, "x", () => dialog.close())));
  dialog.addEventListener("close", () => { URL.revokeObjectURL(preview.src); dialog.remove(); $("share")?.focus(); });
  document.body.append(dialog);
  redraw().then(() => dialog.showModal());
}

async function card(entry, pair, reason, withOwn) {
  const canvas = el("canvas", { width: WIDTH, height: HEIGHT });
  const ink = canvas.getContext("2d");
  const facts = entry.match.attributes;
  const text = (words, y, size, weight = 500, colour = COLOURS.ink) => {
    ink.fillStyle = colour;
    ink.textAlign = "center";
    for (let fit = size; fit > 20; fit -= 2) {
      ink.font = `${weight} ${fit}px ${FONT}`;
      if (ink.measureText(words).width < WIDTH - 140) break;
    }
    ink.fillText(words, WIDTH / 2, y);
  };
  ink.fillStyle = COLOURS.paper;
  ink.fillRect(0, 0, WIDTH, HEIGHT);
  text(w().cardHead, 150, 64, 800);
  const lines = personLines(entry, reason);
  if (withOwn) {
    face(ink, pair.canvas, 60, 290, 470, lines.person);
    face(ink, pair.image, 550, 290, 470, lines.dog);
    text(reason ? told(reason).name : "", 850, 40, 600, COLOURS.soft);
  } else {
    face(ink, pair.image, 190, 215, 700, null);
  }
  if (facts.name) text(facts.name, 1010, 84, 800);
  text(language() === "ko" ? w().cardHome : `${facts.name ? "" : `${w().thisDog} `}${w().cardHome}`, 1075, 42, 500);
  text(w().score(pairsOf(entry.match.score)), 1150, 36, 500, COLOURS.soft);
  text([facts.shelter, facts.phone].filter(Boolean).join("  ·  "), 1205, 36, 600, COLOURS.soft);
  text(`멍피 Mungpy · ${location.host}`, 1295, 30, 600, COLOURS.soft);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.9));
}

function personLines(entry, reason) {
  const { landmarks } = personFace(entry);
  return { person: framed(landmarks, reason?.personLine, 1), dog: framed(entry.match.landmarks, reason?.dogLine, 1) };
}

/** A face with round corners, and the shared length on it. */
function face(ink, picture, x, y, side, line) {
  ink.save();
  ink.beginPath();
  ink.roundRect(x, y, side, side, side * 0.14);
  ink.clip();
  ink.fillStyle = COLOURS.white;
  ink.fillRect(x, y, side, side);
  if (picture.tagName === "CANVAS" || picture.naturalWidth) ink.drawImage(picture, x, y, side, side);
  if (line) {
    const path = new Path2D(measurePath(line.map(([px, py]) => [x + px * side, y + py * side]), side * 0.035));
    ink.lineCap = "round";
    for (const [width, colour] of [[13, COLOURS.white], [7, COLOURS.pink]]) {
      ink.lineWidth = width;
      ink.strokeStyle = colour;
      ink.stroke(path);
    }
  }
  ink.restore();
}
