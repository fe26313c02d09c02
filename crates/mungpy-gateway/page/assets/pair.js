// Both faces side by side in one frame, and the length that they share as a line on both.

import { el, quoted, svg } from "./dom.js";
import { faceOf } from "./state.js";
import { w } from "./words.js";

// The frame is that of the gateway's `view=face`: eyes level, at the same places.
const LEFT = 0.34;
const RIGHT = 0.66;
const HEIGHT = 0.4;

const centre = (points) => [0, 1].map((axis) => points.reduce((sum, p) => sum + p[axis], 0) / points.length);

/** The similarity transform that brings the eyes of 16 landmarks to their places in a square of `size`. */
function frameOf(landmarks, size) {
  const left = centre(landmarks.slice(0, 4));
  const right = centre(landmarks.slice(4, 8));
  const [dx, dy] = [right[0] - left[0], right[1] - left[1]];
  const scale = ((RIGHT - LEFT) * size) / (dx * dx + dy * dy);
  const [a, b] = [dx * scale, -dy * scale];
  return { a, b, e: LEFT * size - (a * left[0] - b * left[1]), f: HEIGHT * size - (b * left[0] + a * left[1]) };
}

/** Where a point of the photo lies in the frame. */
const mapped = ({ a, b, e, f }, [x, y]) => [a * x - b * y + e, b * x + a * y + f];

/** Draws the face of a photo into the frame. What lies beyond the photo takes its blurred colours. */
function drawFace(canvas, photo, landmarks, size) {
  canvas.width = canvas.height = size;
  const ink = canvas.getContext("2d");
  ink.imageSmoothingQuality = "high";
  const tiny = document.createElement("canvas");
  tiny.width = tiny.height = 6;
  tiny.getContext("2d").drawImage(photo, 0, 0, 6, 6);
  ink.drawImage(tiny, 0, 0, size, size);
  const { a, b, e, f } = frameOf(landmarks, size);
  ink.setTransform(a, b, -b, a, e, f);
  ink.drawImage(photo, 0, 0);
  ink.setTransform(1, 0, 0, 1, 0, 0);
}

const SIZE = 512;
const SIDE = 100;

/** Which photo of the person the answer is about, and the landmarks in it. */
export function personFace(entry) {
  const reports = entry.answer.photos;
  const index = Math.max(0, reports.findIndex((report) => !report.leftOut && !report.reason));
  const photo = entry.photos[index] ?? entry.photos[0];
  const given = reports[index]?.landmarks;
  return { photo, landmarks: given?.length ? given : faceOf(photo).landmarks };
}

export const photoOfDog = (dogId, size) => `/api/v1/dogs/${encodeURIComponent(dogId)}/photo?size=${size}&view=face`;

/** The pair, with `choose(reason)` that draws the line of a reason. */
export function pairOf(entry) {
  const { match } = entry;
  const { name } = match.attributes;
  const person = personFace(entry);
  const canvas = el("canvas", { role: "img", "aria-label": w().faceAltYou });
  drawFace(canvas, person.photo.canvas, person.landmarks, SIZE);
  const image = el("img", { src: photoOfDog(match.dogId, SIZE), width: SIZE, height: SIZE, alt: w().faceAltDog(name), decoding: "async" });
  image.addEventListener("error", () => image.replaceWith(el("p", { class: "no-photo" }, w().photoMissing)), { once: true });
  const [left, right] = [overlay(), overlay()];
  const side = (picture, lines, caption) => el("figure", { class: "half" }, el("div", { class: "square" }, picture, lines), el("figcaption", {}, caption));
  const choose = (reason) => {
    draw(left, person.landmarks, reason?.personLine);
    draw(right, match.landmarks, reason?.dogLine);
  };
  return { node: el("div", { class: "pair" }, side(canvas, left, w().you), side(image, right, quoted(name) ?? w().thisDog)), canvas, image, choose };
}

const overlay = () => svg("svg", { class: "lines", viewBox: `0 0 ${SIDE} ${SIDE}`, "aria-hidden": "true" });

/** Ends of a line in the frame, with room for the marks at both ends. */
export function framed(landmarks, line, side) {
  if (!line || !landmarks?.length) return null;
  const frame = frameOf(landmarks, side);
  return line.map((point) => mapped(frame, point));
}

/** The path of a measure: a line with a mark of at most `most` to both sides of each end. */
export function measurePath([[x1, y1], [x2, y2]], most) {
  const length = Math.hypot(x2 - x1, y2 - y1) || 1;
  const mark = Math.min(most, length * 0.4);
  const [nx, ny] = [(-(y2 - y1) / length) * mark, ((x2 - x1) / length) * mark];
  const number = (value) => value.toFixed(2);
  const across = (x, y) => `M${number(x - nx)} ${number(y - ny)}L${number(x + nx)} ${number(y + ny)}`;
  return `M${number(x1)} ${number(y1)}L${number(x2)} ${number(y2)}${across(x1, y1)}${across(x2, y2)}`;
}

function draw(lines, landmarks, line) {
  const ends = framed(landmarks, line, SIDE);
  const level = svg("path", { class: "level", d: `M0 40H${SIDE}` });
  if (!ends) return lines.replaceChildren(level);
  const d = measurePath(ends, 3.5);
  lines.replaceChildren(level, svg("path", { class: "halo", d }), svg("path", { class: "measure", d, pathLength: 1 }));
}
