// Draws the small dogs of the questions, one for each side.

import { svg } from "./dom.js";

const parts = {
  head: "M15 22c5-13 29-13 34 0 5 12 1 23-6 30-6 6-16 6-22 0-7-7-11-18-6-30Z",
  down: "M17 18C8 13 3 23 5 37c1 7 7 8 9 2 2-7 0-14 3-21ZM47 18c9-5 14 5 12 19-1 7-7 8-9 2-2-7 0-14-3-21Z",
  up: "M16 21C12 13 12 7 14 3c6 1 11 6 14 11ZM48 21c4-8 4-14 2-18-6 1-11 6-14 11Z",
  tilt: "M17 18C8 13 3 23 5 37c1 7 7 8 9 2 2-7 0-14 3-21ZM48 21c4-8 4-14 2-18-6 1-11 6-14 11Z",
};
const nose = "M27 38c0-4.500 10-4.500 10 0 0 3.500-3.500 5.500-5 5.500s-5-2-5-5.500Z";
const eyes = {
  open: "M23.500 27v4.500M40.500 27v4.500", closed: "M20.500 29q3 3 6 0M37.500 29q3 3 6 0", happy: "M20.500 31q3-4 6 0M37.500 31q3-4 6 0",
  aside: "M26 28v3M43 28v3M21 25.500h6M38 25.500h6", wide: "M21 29.500a2.800 3 0 1 0 5.600 0 2.800 3 0 1 0-5.600 0ZM37.500 29.500a2.800 3 0 1 0 5.600 0 2.800 3 0 1 0-5.600 0Z",
};
const mouths = { smile: "M26 46q3 4 6 0 3 4 6 0", flat: "M28 48h8", small: "M30.500 48q1.500 1.500 3 0", wavy: "M26 48q2-2 4 0t4 0 4 0" };
const extras = {
  hello: "M4 12 1 9M6 8 5 4M58 8l1-4M61 12l3-3", wall: "M2 56V47c20-2 40-2 60 0v9", bolt: "m56 4-5 7h5l-4 7", calm: "M53 8h8M55 13h6", heart: "M57 14c-5-4-6-9-3-10 2 0 3 2 3 3 0-1 1-3 3-3 3 1 2 6-3 10Z",
  alone: "M6 59c4-2 6-2 9-1M49 59c4-2 6-2 9-1", query: "M53 7c0-5 8-5 8 0 0 3-4 3-4 6.500M57 17.500v.1", note: "M57 2c0 4 1 5 5 5-4 0-5 1-5 5 0-4-1-5-5-5 4 0 5-1 5-5Z", run: "M1 20h5M0 27h4M1 34h5", sleep: "M52 4h6l-6 7h6M60 12h3.500l-3.500 4h3.500",
};

const moods = {
  outgoing: ["down", "happy", "smile", "hello", true], shy: ["down", "aside", "small", "wall"],
  sensitive: ["up", "wide", "wavy", "bolt"], unflappable: ["down", "closed", "flat", "calm"],
  dependent: ["down", "wide", "small", "heart"], independent: ["up", "open", "flat", "alone"],
  curious: ["tilt", "wide", "small", "query"], aloof: ["up", "aside", "flat", "note"],
  energetic: ["up", "happy", "smile", "run", true], homebody: ["down", "closed", "small", "sleep"],
  clingy: ["down", "happy", "smile", "heart"], loner: ["up", "closed", "flat", "alone"],
};

/** A dog in the mood of a side, or a plain one. */
export function pup(side) {
  const [ears, look, mouth, extra, tongue] = moods[side] ?? ["down", "open", "smile", null];
  const line = (d) => d && svg("path", { class: "p-line", d });
  return svg("svg", { class: "pup", viewBox: "-2 0 68 62", "aria-hidden": "true" },
    svg("path", { class: "p-coat", d: parts.head, transform: "translate(1.500 1.500)" }),
    line(parts.head),
    svg("path", { class: "p-ear", d: parts[ears] }), line(parts[ears]),
    tongue && svg("path", { class: "p-tongue", d: "M29 48c0 9 7 9 7 0Z" }),
    line(eyes[look]), line(mouths[mouth]), svg("path", { class: "p-ink", d: nose }),
    extra === "wall" && svg("path", { class: "p-wall", d: "M2 64V47c20-2 40-2 60 0v17Z" }),
    line(extras[extra]));
}
