// A real browser on the page of a real gateway. MUNGPY_PAGE is the gateway's address, CHROMIUM the
// browser (Debian's by default).

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before } from "node:test";
import { chromium } from "playwright-core";

export const BASE = (process.env.MUNGPY_PAGE ?? "http://127.0.0.1:8080").replace(/\/$/, "");
const DATA = join(dirname(fileURLToPath(import.meta.url)), "../../../tests/data");

/** A photo of the tests' data; its faces are composites that show nobody. */
export const photo = (name) => join(DATA, name);
export const PERSON = photo("persons/wide-set-eyes.jpg");
export const OTHER_PERSON = photo("persons/large-eyes.jpg");

let browser;

before(async () => {
  await fetch(BASE).catch(() => { throw new Error(`no gateway answers at ${BASE}; name it with MUNGPY_PAGE`); });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"],
  });
});
after(() => browser?.close());

/**
 * Runs `use(page)` on the opened page. Afterwards it fails if a request left the origin, a script
 * failed, or the policy of the page was broken.
 */
export async function onPage(options, use) {
  const { width = 360, height = 740, language = "en", theme = "light", motion = "reduce", path = "/", ...rest } = options;
  const context = await browser.newContext({
    viewport: { width, height }, locale: language === "ko" ? "ko-KR" : "en-US", colorScheme: theme, reducedMotion: motion,
    hasTouch: width < 700, isMobile: width < 700, ...rest,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const faults = [];
  page.on("pageerror", (error) => faults.push(`script: ${error.message}`));
  page.on("console", (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) faults.push(`policy: ${message.text()}`);
  });
  context.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(`${BASE}/`) && !/^(blob|data):/.test(url)) faults.push(`left the origin: ${url}`);
  });
  await page.addInitScript(recordForms);
  try {
    await page.goto(BASE + path);
    await use(page, context);
  } finally {
    await context.close();
  }
  if (faults.length) throw new Error(faults.join("\n"));
}

/** Keeps what the page sends, because the browser's protocol does not tell bodies with files. */
function recordForms() {
  const send = window.fetch;
  window.sentForms = [];
  window.fetch = (path, options) => {
    if (options?.body instanceof FormData) window.sentForms.push([path, options.body]);
    return send(path, options);
  };
}

/** Fields of the forms that were sent to a path, in order: `{ name: [value, …] }`, files as `latin1` text. */
export function formsTo(page, end) {
  return page.evaluate(async (wanted) => Promise.all(window.sentForms.filter(([path]) => path.endsWith(wanted)).map(async ([, form]) => {
    const fields = {};
    for (const [name, value] of form) {
      const text = typeof value === "string" ? value : `${value.name}\n${new TextDecoder("latin1").decode(await value.arrayBuffer())}`;
      (fields[name] ??= []).push(text);
    }
    return fields;
  })), end);
}

/** Goes to the check step with a photo and waits for what the engine says. */
export async function choosePhoto(page, files = PERSON) {
  await page.setInputFiles("#file", files);
  await page.waitForSelector("#step-check:not([hidden]) .verdict:not(.checking)");
}

export async function toQuestions(page) {
  await choosePhoto(page);
  await page.click("#check-go");
  await page.waitForSelector("#find");
}

/** Goes all the way to the dog. */
export async function toDog(page) {
  await toQuestions(page);
  await page.click("#find");
  await dogShown(page);
}

/** Waits for a dog whose photo is there. */
export async function dogShown(page) {
  await page.waitForSelector(".match .reason");
  await page.waitForFunction(() => {
    const image = document.querySelector(".match .square img");
    return image?.complete && image.naturalWidth > 0;
  });
}

export const dogOf = (page) => page.locator(".dog-number").innerText();
export const step = (page) => page.evaluate(() => document.body.dataset.step);

/** A JPEG of `width` × `height`, drawn in the browser by `paint(ink, picture, width, height)` from a photo. */
export async function painted(page, source, width, height, paint) {
  const url = `data:image/jpeg;base64,${readFileSync(source).toString("base64")}`;
  const encoded = await page.evaluate(async ({ url: from, w, h, body }) => {
    const picture = new Image();
    picture.src = from;
    await picture.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [w, h];
    const ink = canvas.getContext("2d");
    const paints = { dark: () => { ink.filter = "brightness(0.13)"; ink.drawImage(picture, 0, 0, w, h); }, far: () => { ink.fillStyle = "#887"; ink.fillRect(0, 0, w, h); ink.drawImage(picture, w / 2 - 36, h / 2 - 36, 72, 72); }, empty: () => { ink.fillStyle = "#9ab"; ink.fillRect(0, 0, w, h); } };
    paints[body]();
    return canvas.toDataURL("image/jpeg", 0.92).split(",")[1];
  }, { url, w: width, h: height, body: paint });
  return { name: `${paint}.jpg`, mimeType: "image/jpeg", buffer: Buffer.from(encoded, "base64") };
}

/** An answer of the gateway that refuses, for `route.fulfill`. */
export const refusal = (status, reason, headers = {}) => ({
  status, headers: { "content-type": "application/problem+json", ...headers }, body: JSON.stringify({ type: "about:blank", title: "refused", status, detail: "refused", reason }),
});

/** The JPEG with EXIF data that say nothing but how to turn it. */
export function turned(jpeg, orientation) {
  const tiff = Buffer.from(`4d4d002a00000008000101120003000000010${orientation.toString(16).padStart(3, "0")}000000000000`, "hex");
  const segment = Buffer.concat([Buffer.from("ffe1", "hex"), Buffer.from([0, tiff.length + 8]), Buffer.from("Exif\0\0"), tiff]);
  return Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)]);
}
