// For everybody: by keyboard only, with a screen reader, in both themes, without motion.

import assert from "node:assert/strict";
import { test } from "node:test";
import { examine } from "./axe.js";
import { PERSON, choosePhoto, dogShown, onPage, photo, refusal, toDog, toQuestions } from "./harness.js";

for (const theme of ["light", "dark"]) {
  for (const language of ["ko", "en"]) {
    test(`axe finds nothing serious, ${theme}, ${language}`, () => onPage({ theme, language }, async (page) => {
      await page.click("details summary");
      await examine(page, "start");
      await choosePhoto(page, photo("photos/two-faces.jpg"));
      await examine(page, "several faces");
      await page.locator("button.face").first().click();
      await examine(page, "check");
      await page.click("#check-go");
      await page.waitForSelector("#find");
      await page.click("label[for=answer-energy-homebody]");
      await examine(page, "questions");
      await page.click("#find");
      await dogShown(page);
      await page.click(".reasons summary");
      await examine(page, "dog");
      await page.click("#share");
      await page.waitForSelector("dialog.share[open]");
      await examine(page, "share");
      await page.keyboard.press("Escape");
      await page.route(/similar-dog$/, (route) => route.fulfill(refusal(404, "NO_CANDIDATE")));
      await page.click("#another");
      await page.waitForSelector(".trouble");
      await examine(page, "trouble");
    }));
  }
}

/** Presses Tab until the focused element fits. */
async function tabTo(page, selector) {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press("Tab");
    const state = await page.evaluate((wanted) => {
      const { activeElement } = document;
      const shown = activeElement.matches(".sr") ? document.querySelector(`label[for="${activeElement.id}"]`) : activeElement;
      return { found: activeElement.matches(wanted), outline: getComputedStyle(shown).outlineStyle, where: activeElement.outerHTML.slice(0, 90) };
    }, selector);
    if (state.found) {
      assert.notEqual(state.outline, "none", `the focus on ${selector} can be seen`);
      return;
    }
  }
  assert.fail(`Tab never reaches ${selector}`);
}

test("by keyboard only, from photo to shelter", () => onPage({ width: 1280, hasTouch: false, isMobile: false }, async (page) => {
  // The browser begins to report choosers a moment after it is asked to.
  const chooser = page.waitForEvent("filechooser");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await tabTo(page, "#file");
  await page.keyboard.press("Enter");
  await (await chooser).setFiles(photo("photos/two-faces.jpg"));
  await page.waitForSelector(".verdict.choose");
  assert.equal(await page.evaluate(() => document.activeElement.id), "h-check");
  await page.keyboard.press("Shift+Tab");
  await tabTo(page, "#h-check, #photo-0");
  for (let back = 0; back < 6 && !(await page.evaluate(() => document.activeElement.matches("#face-1"))); back += 1) await page.keyboard.press("Shift+Tab");
  assert.ok(await page.evaluate(() => document.activeElement.matches("#face-1")));
  await page.keyboard.press("Space");
  assert.equal(await page.evaluate(() => document.activeElement.id), "face-1", "the focus stays");
  await tabTo(page, "#check-go");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#find");
  await page.waitForFunction(() => document.activeElement.id === "h-questions");
  await tabTo(page, "[name=axis-sociability]");
  await page.keyboard.press("ArrowRight");
  await tabTo(page, "#find");
  await page.keyboard.press("Enter");
  await dogShown(page);
  await page.waitForFunction(() => document.activeElement.id === "h-dog");
  const line = () => page.locator(".lines .measure").first().getAttribute("d");
  const first = await line();
  await tabTo(page, "[name=reason]");
  await page.keyboard.press("ArrowDown");
  assert.notEqual(await line(), first);
  await tabTo(page, "#share");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog.share[open]");
  await tabTo(page, "#share-own");
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => document.activeElement.id === "share");
  await tabTo(page, "#another");
  await page.keyboard.press("Enter");
  await dogShown(page);
}));

test("what happens is said aloud", () => onPage({}, async (page) => {
  const said = (pattern) => page.waitForFunction((text) => new RegExp(text).test(document.querySelector("#live").innerText), pattern);
  await choosePhoto(page);
  await said("We can see you well");
  await page.click("#check-go");
  await page.waitForSelector("#find");
  await page.click("#find");
  await said("Looking for your dog|Found your dog");
  await said("Found your dog");
  assert.equal(await page.getAttribute("#live", "aria-live"), "polite");
  assert.equal(await page.locator("#steps [aria-current=step]").count(), 1);
}));

test("what shelters wrote is marked as Korean on the English page, and on no other", () => onPage({ language: "en" }, async (page) => {
  const unmarked = (place) => page.evaluate((selector) => {
    const walker = document.createTreeWalker(document.querySelector(selector), NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
      const { data, parentElement } = walker.currentNode;
      if (/[가-힣]/.test(data) && parentElement.closest("[lang]").lang !== "ko" && !parentElement.matches("option")) found.push(data);
    }
    return found;
  }, place);
  await toQuestions(page);
  assert.ok(await page.locator("#region [lang=ko]").count() > 0);
  await page.click("#find");
  await dogShown(page);
  assert.ok(await page.locator("#step-dog [lang=ko]").count() > 4);
  assert.deepEqual(await unmarked("#step-dog"), []);
  await page.click("#language");
  await page.waitForSelector("html[lang=ko]", { state: "attached" });
  assert.equal(await page.locator("#step-dog [lang]").count(), 0);
  assert.equal(await page.getAttribute(".brand", "aria-label"), "멍피 Mungpy, 처음으로");
}));

test("nothing moves if motion is reduced", () => onPage({ motion: "reduce" }, async (page) => {
  await page.route(/similar-dog$/, () => {});
  await toQuestions(page);
  await page.click("#find");
  await page.waitForSelector(".waiting");
  assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
}));

test("letters twice as large still fit 360 px", () => onPage({}, async (page) => {
  await toDog(page);
  await page.evaluate(() => { document.documentElement.style.fontSize = "200%"; });
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth + 1));
}));

test("320 px are enough", () => onPage({ width: 320 }, async (page) => {
  const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
  assert.ok(await fits());
  await choosePhoto(page, PERSON);
  assert.ok(await fits());
  await page.click("#check-go");
  await page.waitForSelector("#find");
  assert.ok(await fits());
  await page.click("#find");
  await dogShown(page);
  assert.ok(await fits());
}));
