// The board of the operator. MUNGPY_OPS_TOKEN is the gateway's token.

import assert from "node:assert/strict";
import { test } from "node:test";
import { examine } from "./axe.js";
import { onPage } from "./harness.js";

const token = process.env.MUNGPY_OPS_TOKEN;

test("a wrong token opens nothing and is not kept", () => onPage({ path: "/ops", width: 1280 }, async (page) => {
  await page.fill("#token", "wrong");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#door-problem:not([hidden])");
  assert.equal(await page.isVisible("#board"), false);
  assert.equal(await page.evaluate(() => sessionStorage.getItem("ops-token")), null);
}));

for (const [width, theme] of [[360, "dark"], [1280, "light"]]) {
  test(`the board, ${width} px`, { skip: !token && "MUNGPY_OPS_TOKEN is not set" }, () => onPage({ path: "/ops", width, theme }, async (page) => {
    await examine(page, "door");
    await page.fill("#token", token);
    await page.keyboard.press("Enter");
    await page.waitForSelector("#board .figures");
    assert.match(await page.innerText("#board"), /age of the catalogue/);
    await examine(page, "board");
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    assert.equal(await page.evaluate(() => JSON.stringify({ ...localStorage })), "{}");
    await page.route(/ops\/status$/, (route) => route.fulfill({ status: 502 }), { times: 1 });
    await page.click("#refresh");
    await page.waitForSelector("#board-problem:not([hidden])");
    assert.match(await page.innerText("#board-problem"), /HTTP 502/);
    assert.ok(await page.isVisible("#board .figures"), "what was known is still there");
    await examine(page, "board that could not be loaded anew");
    await page.click("#refresh");
    await page.waitForSelector("#board-problem", { state: "hidden" });
    await page.reload();
    await page.waitForSelector("#board .figures");
    await page.click("text=Leave");
    await page.waitForSelector("#door:not([hidden])");
    assert.equal(await page.evaluate(() => sessionStorage.getItem("ops-token")), null);
  }));
}
