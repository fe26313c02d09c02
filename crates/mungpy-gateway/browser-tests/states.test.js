// What people see when something is not as it should be.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { PERSON, choosePhoto, dogShown, formsTo, onPage, painted, photo, refusal, step, toDog, toQuestions, turned } from "./harness.js";

const words = (page) => page.innerText("#step-check");

test("no face", () => onPage({}, async (page) => {
  await choosePhoto(page, await painted(page, PERSON, 400, 400, "empty"));
  assert.match(await words(page), /No face found/);
  assert.equal(await page.locator("#check-go").count(), 0);
  await page.setInputFiles("#file-other", PERSON);
  await page.waitForSelector(".verdict.good");
  assert.equal(await page.locator(".tile:not(.add)").count(), 1);
}));

for (const language of ["ko", "en"]) {
  test(`several faces: one is chosen, ${language}`, () => onPage({ language }, async (page) => {
    await choosePhoto(page, photo("photos/two-faces.jpg"));
    assert.match(await words(page), language === "ko" ? /어느 얼굴이 내 얼굴인가요/ : /Which of these faces is you/);
    const faces = page.locator("button.face");
    assert.equal(await faces.count(), 2);
    assert.equal(await page.locator("#check-go").count(), 0);
    const box = await faces.nth(1).boundingBox();
    assert.ok(box.width >= 24 && box.height >= 24);
    await faces.nth(1).click();
    assert.equal(await faces.nth(1).getAttribute("aria-pressed"), "true");
    await page.click("#check-go");
    await page.waitForSelector("#find");
    await page.click("#find");
    await dogShown(page);
    const [point] = JSON.parse((await formsTo(page, "similar-dog"))[0].face);
    assert.ok(point.x > 0 && point.y > 0);
  }));
}

test("too dark", () => onPage({}, async (page) => {
  await choosePhoto(page, await painted(page, PERSON, 400, 400, "dark"));
  assert.match(await words(page), /brighter place|No face found/);
}));

test("too far away", () => onPage({}, async (page) => {
  await choosePhoto(page, await painted(page, PERSON, 1280, 960, "far"));
  assert.match(await words(page), /too small|closer|No face found/);
}));

test("turned away", () => onPage({}, async (page) => {
  await page.route(/describe$/, async (route) => {
    const report = await (await route.fetch()).json();
    Object.assign(report.faces[0], { usable: false, reason: "FACE_TURNED_AWAY", advice: [{ code: "FACE_CAMERA", sentence: "" }] });
    await route.fulfill({ json: report });
  });
  await choosePhoto(page);
  assert.match(await words(page), /You are looking away/);
  assert.equal(await page.locator("#check-go").count(), 0);
}));

test("a photo on its side is turned upright", () => onPage({}, async (page) => {
  const sideways = readFileSync(photo("photos/sideways.jpg"));
  await choosePhoto(page, { name: "me.jpg", mimeType: "image/jpeg", buffer: turned(sideways, 8) });
  assert.ok(await page.locator(".verdict.good").isVisible());
}));

test("a face that lies on its side", () => onPage({}, async (page) => {
  await choosePhoto(page, photo("photos/sideways.jpg"));
  assert.match(await words(page), /Hold your head upright|No face found/);
}));

for (const name of ["alpha.png", "photo.webp", "grey.jpg", "progressive.jpg", "sixteen-bit.png"]) {
  test(`reads ${name}`, () => onPage({}, async (page) => {
    await choosePhoto(page, photo(`photos/${name}`));
    assert.ok(await page.locator(".verdict").isVisible());
    assert.equal(await page.locator(".verdict.failed").count(), 0);
  }));
}

test("a file that the browser cannot read", () => onPage({}, async (page) => {
  const file = (name, mimeType) => ({ name, mimeType, buffer: Buffer.from("ftypheic, but not really") });
  await page.setInputFiles("#file", file("me.heic", "image/heic"));
  await page.waitForFunction(() => /HEIC/.test(document.querySelector("#pick-problem").innerText));
  await page.setInputFiles("#file", file("letter.txt", "text/plain"));
  await page.waitForFunction(() => /choose a photo/.test(document.querySelector("#pick-problem").innerText));
  await page.setInputFiles("#file", file("broken.jpg", "image/jpeg"));
  await page.waitForFunction(() => /broken\.jpg/.test(document.querySelector("#pick-problem").innerText));
  assert.equal(await step(page), "photo");
}));

test("what is wrong with further files stays to be read", () => onPage({}, async (page) => {
  const broken = { name: "broken.jpg", mimeType: "image/jpeg", buffer: Buffer.from("not a photo") };
  const jpeg = { name: "me.jpg", mimeType: "image/jpeg", buffer: readFileSync(PERSON) };
  await page.setInputFiles("#file", [jpeg, broken]);
  await page.waitForSelector(".verdict.good");
  assert.match(await page.innerText("#step-check .problem"), /broken\.jpg/);
  await page.click("#language");
  await page.waitForFunction(() => /‘broken\.jpg’/.test(document.querySelector("#step-check .problem").innerText));
  await page.click("#language");
  await page.setInputFiles("#file-more", [jpeg, jpeg, jpeg]);
  await page.waitForFunction(() => document.querySelectorAll(".tile.good").length === 3);
  assert.match(await page.innerText("#step-check .problem"), /We use the first three/);
  await page.click("#drop-2");
  assert.equal(await page.locator("#step-check .problem").count(), 0);
}));

test("a busy server is asked again by itself", () => onPage({}, async (page) => {
  await toQuestions(page);
  let refused = 0;
  await page.route(/similar-dog$/, (route) => {
    refused += 1;
    if (refused > 2) return route.continue();
    return route.fulfill(refusal(429, "OVERLOADED", { "retry-after": "1" }));
  });
  await page.click("#find");
  await page.waitForFunction(() => /again by itself in 1 second/.test(document.querySelector("#step-dog").innerText));
  await page.waitForFunction(() => /again/.test(document.querySelector("#live").innerText));
  await dogShown(page);
  assert.equal(refused, 3);
}));

test("leaving a search gives it up", () => onPage({}, async (page) => {
  await toQuestions(page);
  await page.route(/similar-dog$/, () => {});
  await page.click("#find");
  await page.waitForSelector(".waiting");
  const given = page.waitForEvent("requestfailed");
  await page.goBack();
  await given;
  assert.equal(await step(page), "questions");
  await page.unroute(/similar-dog$/);
  await page.click("#find");
  await dogShown(page);
}));

test("offline, and back", () => onPage({}, async (page, context) => {
  await toQuestions(page);
  await page.evaluate(() => Promise.all(["dog", "share"].map((name) => import(document.querySelector("script[type=module]").src.replace("app.js", `${name}.js`)))));
  await context.setOffline(true);
  await page.click("#find");
  await page.waitForFunction(() => /You are offline/.test(document.querySelector("#step-dog").innerText));
  await context.setOffline(false);
  await dogShown(page);
}));

for (const reason of ["ENGINE_UNREACHABLE", "CATALOGUE_NOT_PUBLISHED", "ENGINE_TIMEOUT", "SOMETHING_NEW"]) {
  test(`${reason} can be tried again`, () => onPage({}, async (page) => {
    await toQuestions(page);
    await page.route(/similar-dog$/, (route) => route.fulfill(refusal(503, reason)));
    await page.click("#find");
    await page.waitForSelector(".trouble");
    assert.equal(await page.evaluate(() => document.activeElement.id), "h-dog");
    await page.unroute(/similar-dog$/);
    await page.click(".trouble .primary");
    await dogShown(page);
  }));
}

test("nothing fits: the person chooses what to give up", () => onPage({}, async (page) => {
  await toQuestions(page);
  await page.click("label[for=answer-energy-homebody]");
  await page.route(/similar-dog$/, (route) => route.fulfill(refusal(404, "NO_CANDIDATE")), { times: 1 });
  await page.click("#find");
  await page.waitForFunction(() => /No dog fits everything/.test(document.querySelector("#step-dog").innerText));
  await page.click("text=Any temperament");
  await dogShown(page);
  const forms = await formsTo(page, "similar-dog");
  assert.deepEqual(forms.map(({ temperament }) => temperament), [['{"energy":"homebody"}'], undefined]);
}));

test("all dogs are seen", () => onPage({}, async (page) => {
  await toDog(page);
  await page.route(/similar-dog$/, (route) => route.fulfill(refusal(404, "NO_CANDIDATE")), { times: 1 });
  await page.click("#another");
  await page.waitForFunction(() => /You have met them all/.test(document.querySelector("#step-dog").innerText));
  await page.click("text=See them all again");
  await dogShown(page);
}));

test("the questions fail, and the way goes on", () => onPage({}, async (page) => {
  await page.route(/temperament/, (route) => route.abort());
  await toQuestions(page);
  assert.match(await page.innerText("#step-questions"), /could not be loaded/);
  await page.click("#find");
  await dogShown(page);
}));

test("a dog whose photo is gone", () => onPage({}, async (page) => {
  await page.route(/\/photo\?/, (route) => route.fulfill({ status: 404 }));
  await toQuestions(page);
  await page.click("#find");
  await page.waitForFunction(() => /photo could not be loaded/.test(document.querySelector("#step-dog").innerText));
}));

test("what shelters say is text, never markup", () => onPage({}, async (page) => {
  await page.route(/similar-dog$/, async (route) => {
    const answer = await (await route.fetch()).json();
    answer.matches[0].adoption = { attributes: { name: "<img src=x onerror=alert(1)>", shelter: "<b>Haneul</b>", phone: "02-000-0000", page: "javascript:alert(1)" }, expiresAt: new Date(Date.now() + 3.5 * 86_400_000).toISOString() };
    await route.fulfill({ json: answer });
  });
  await toDog(page);
  assert.equal(await page.locator(".match img[src=x]").count(), 0);
  assert.match(await page.innerText(".adopt"), /<b>Haneul<\/b>/);
  assert.match(await page.innerText(".adopt"), /3 days left/);
  assert.equal(await page.getAttribute(".adopt a[href^=tel]", "href"), "tel:020000000");
  assert.equal(await page.locator(".adopt a[href^=javascript]").count(), 0);
}));
