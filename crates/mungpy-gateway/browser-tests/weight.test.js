// How heavy and how fast the page is.

import assert from "node:assert/strict";
import { test } from "node:test";
import { onPage, toDog } from "./harness.js";

const LIMIT = 60_000;

// Headers count as well. HTTP/2 would compress them.
test("the whole page takes at most 60 kB over the wire, without photos", () => onPage({ path: "/healthz" }, async (page, context) => {
  const wire = await context.newCDPSession(page);
  await wire.send("Network.enable");
  await wire.send("Network.setCacheDisabled", { cacheDisabled: true });
  const paths = new Map();
  const bytes = { start: 0, files: 0, answers: 0 };
  let place = "start";
  wire.on("Network.requestWillBeSent", ({ requestId, request }) => paths.set(requestId, new URL(request.url).pathname));
  wire.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const path = paths.get(requestId) ?? "";
    if (path === "" || path.endsWith("/photo")) return;
    if (place === "start") bytes.start += encodedDataLength;
    bytes[path.startsWith("/api/") ? "answers" : "files"] += encodedDataLength;
  });
  await page.goto(new URL("/", page.url()).href, { waitUntil: "networkidle" });
  place = "later";
  await toDog(page);
  await page.click("#share");
  await page.waitForSelector("dialog[open]");
  console.log(`start page: ${bytes.start} bytes; whole way to the card: ${bytes.files} bytes of the page and ${bytes.answers} of answers, without photos`);
  assert.ok(bytes.start > 5_000, "the bytes are counted");
  assert.ok(bytes.files <= LIMIT, `${bytes.files} bytes`);
}));

const networks = {
  "3G fast (150 ms, 1.6 Mbit/s)": { latency: 150, downloadThroughput: 200_000, uploadThroughput: 96_000 },
  "Chromium's Fast 3G (562 ms, 1.44 Mbit/s)": { latency: 562.5, downloadThroughput: 180_000, uploadThroughput: 84_375 },
};

for (const [name, conditions] of Object.entries(networks)) {
  test(`first paint, ${name}`, () => onPage({ path: "/healthz" }, async (page, context) => {
    const wire = await context.newCDPSession(page);
    await wire.send("Network.enable");
    await wire.send("Network.setCacheDisabled", { cacheDisabled: true });
    await wire.send("Network.emulateNetworkConditions", { offline: false, ...conditions });
    await page.goto(new URL("/", page.url()).href, { waitUntil: "load" });
    const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? new Promise((resolve) => new PerformanceObserver((list) => resolve(list.getEntries()[0].startTime)).observe({ type: "paint", buffered: true })));
    console.log(`${name}: first paint with words after ${Math.round(paint)} ms`);
    assert.ok(paint > 0);
  }));
}
