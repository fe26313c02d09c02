// From the photo to the dog, and back.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { OTHER_PERSON, PERSON, choosePhoto, dogOf, dogShown, formsTo, onPage, painted, step, toDog, toQuestions, turned } from "./harness.js";

for (const language of ["ko", "en"]) {
  for (const width of [360, 1280]) {
    test(`photo to dog, ${language}, ${width} px`, () => onPage({ language, width }, async (page) => {
      assert.equal(await page.getAttribute("html", "lang"), language);
      const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
      assert.ok(await fits());
      await choosePhoto(page);
      assert.ok(await page.locator(".verdict.good").isVisible());
      assert.equal(await page.locator(".points circle").count(), 16);
      assert.ok(await fits());
      await page.click("#check-go");
      await page.waitForSelector("#find");
      assert.equal(await page.locator(".axis").count(), 6);
      await page.click("label[for=answer-energy-homebody]");
      assert.ok(await fits());
      await page.click("#find");
      await dogShown(page);
      assert.deepEqual((await formsTo(page, "similar-dog")).map(({ temperament }) => temperament), [['{"energy":"homebody"}']]);
      assert.ok(await fits());
      const words = await page.innerText("#step-dog");
      assert.match(words, language === "ko" ? /100쌍 가운데 \d+쌍보다/ : /Closer than \d+ of 100 pairs/);
      assert.doesNotMatch(await page.locator(".reason").allInnerTexts().then((all) => all.join()), /σ|undefined|_/);
      assert.equal(await page.locator(".next li").count(), 4);
    }));
  }
}

test("both faces lie in one frame, and the line is on both", () => onPage({ width: 1280 }, async (page) => {
  await toDog(page);
  const lines = () => page.locator(".lines .measure").evaluateAll((all) => all.map((line) => line.getAttribute("d")));
  const first = await lines();
  assert.equal(first.length, 2);
  await page.locator(".reason label").nth(1).click();
  const second = await lines();
  assert.equal(second.length, 2);
  assert.notDeepEqual(first, second);
  for (const d of [...first, ...second]) {
    const numbers = d.match(/-?[\d.]+/g).map(Number);
    assert.ok(numbers.every((value) => value > -20 && value < 120), d);
  }
  const ink = await page.locator(".square canvas").evaluate((canvas) => new Set(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data).size);
  assert.ok(ink > 20, "the person's face is drawn");
}));

test("another dog, the next ones, back", () => onPage({}, async (page) => {
  await toDog(page);
  const first = await dogOf(page);
  await page.click("#another");
  await page.waitForFunction((known) => { const now = document.querySelector(".dog-number")?.innerText; return now && now !== known; }, first);
  const second = await dogOf(page);
  const excluded = JSON.parse((await formsTo(page, "similar-dog"))[1].excludeDogIds);
  assert.equal(excluded.length, 1);
  assert.ok(first.endsWith(excluded[0]));
  await page.locator(".next button").nth(2).click();
  await dogShown(page);
  assert.notEqual(await dogOf(page), second);
  for (const dog of [second, first]) {
    await page.goBack();
    await dogShown(page);
    assert.equal(await dogOf(page), dog);
  }
  for (const earlier of ["questions", "check", "photo"]) {
    await page.goBack();
    await page.waitForFunction((name) => document.body.dataset.step === name, earlier);
  }
  await page.goForward();
  await page.waitForFunction(() => document.body.dataset.step === "check");
}));

test("after a reload the answers are there, and no photo", () => onPage({}, async (page) => {
  await toQuestions(page);
  await page.click("label[for=answer-closeness-loner]");
  await page.reload();
  assert.equal(await step(page), "photo");
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage }));
  assert.match(kept, /loner/);
  assert.doesNotMatch(kept, /blob|data:|image/);
  assert.equal(await page.evaluate(() => document.cookie), "");
  await page.goBack();
  assert.equal(await step(page), "photo");
  await toQuestions(page);
  assert.ok(await page.isChecked("#answer-closeness-loner"));
}));

test("the language can be changed on every step", () => onPage({ language: "ko" }, async (page) => {
  await toDog(page);
  const dog = (await dogOf(page)).split(" ").at(-1);
  await page.click("#language");
  await page.waitForSelector("html[lang=en]", { state: "attached" });
  await page.waitForFunction(() => /Closer than/.test(document.querySelector("#step-dog").innerText));
  assert.equal((await dogOf(page)).split(" ").at(-1), dog);
  await page.goBack();
  await page.waitForFunction(() => /Find my dog/.test(document.querySelector("#step-questions").innerText));
  await page.reload();
  assert.equal(await page.getAttribute("html", "lang"), "en");
}));

test("up to three photos of a person", () => onPage({}, async (page) => {
  await choosePhoto(page, [PERSON]);
  await page.setInputFiles("#file-more", [OTHER_PERSON]);
  await page.waitForFunction(() => document.querySelectorAll(".tile.good").length === 2);
  await page.setInputFiles("#file-more", [PERSON, PERSON]);
  await page.waitForFunction(() => document.querySelectorAll(".tile.good").length === 3);
  assert.equal(await page.locator("#file-more").count(), 0);
  await page.click("#drop-2");
  assert.equal(await page.locator(".tile.good").count(), 2);
  await page.click("#check-go");
  await page.waitForSelector("#find");
  await page.click("#find");
  await dogShown(page);
  const [form] = await formsTo(page, "similar-dog");
  assert.equal(form.image.length, 2);
  assert.equal(JSON.parse(form.face).length, 2);
}));

test("what is sent has no metadata, is upright and at most 1,280 px", () => onPage({}, async (page) => {
  await choosePhoto(page, { name: "geo.jpg", mimeType: "image/jpeg", buffer: turned(await large(page), 6) });
  const [form] = await formsTo(page, "describe");
  assert.deepEqual(Object.keys(form), ["image"]);
  assert.doesNotMatch(form.image[0], /Exif|geo/);
  const size = await page.$eval(".stage img", (image) => [image.naturalWidth, image.naturalHeight]);
  assert.deepEqual(size, [960, 1280]);
}));

const large = async (page) => (await painted(page, PERSON, 1600, 1200, "far")).buffer;

test("a card to share: without the own face at first, and with it if ticked", () => onPage({ width: 1280 }, async (page) => {
  await toDog(page);
  await page.click("#share");
  await page.waitForSelector("dialog.share[open]");
  assert.equal(await page.isChecked("#share-own"), false);
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#share-save")]);
  assert.equal(download.suggestedFilename(), "mungpy.jpg");
  const alone = readFileSync(await download.path());
  assert.equal(alone.readUInt16BE(0), 0xffd8);
  assert.ok(alone.length > 20_000);
  const saved = async () => {
    const [file] = await Promise.all([page.waitForEvent("download"), page.click("#share-save")]);
    return readFileSync(await file.path());
  };
  await page.check("#share-own");
  assert.ok(!alone.equals(await saved()));
  await page.evaluate(() => {
    document.querySelector("#share-own").click();
    document.querySelector("#share-own").click();
    document.querySelector("#share-own").click();
  });
  assert.ok(alone.equals(await saved()), "what is sent is what the tick says");
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => document.activeElement?.id === "share");
  // The focus comes back before the dialog says that it closed.
  await page.waitForSelector(".card-preview", { state: "detached" });
}));

test("a photo by the camera", () => onPage({ width: 1280, permissions: ["camera"] }, async (page) => {
  await page.click("#camera");
  await page.waitForFunction(() => document.querySelector("dialog video")?.videoWidth > 0);
  await page.click("dialog .primary");
  await page.waitForSelector("#step-check:not([hidden]) .verdict:not(.checking)");
  assert.equal(await page.locator("dialog").count(), 0);
}));

test("without a camera there is still the file", () => onPage({ width: 1280 }, async (page) => {
  await page.evaluate(() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", "NotAllowedError")); });
  await page.click("#camera");
  await page.waitForFunction(() => /camera cannot be used/.test(document.querySelector("#pick-problem").innerText));
  assert.equal(await page.evaluate(() => document.activeElement.id), "file");
  await choosePhoto(page);
}));

test("a photo can be dropped on the page", () => onPage({ width: 1280 }, async (page) => {
  const encoded = readFileSync(PERSON).toString("base64");
  await page.evaluate((text) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], "me.jpg", { type: "image/jpeg" }));
    document.querySelector("#drop").dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }, encoded);
  await page.waitForSelector(".verdict.good");
}));

