// What axe-core finds on a page.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Fails on every finding of axe that is serious or critical. */
export async function examine(page, place) {
  await page.evaluate(axe);
  const findings = await page.evaluate(async () => (await window.axe.run(document, { resultTypes: ["violations"] })).violations.map(({ id, impact, nodes }) => ({ id, impact, where: nodes.slice(0, 4).map(({ html, failureSummary }) => `${html.slice(0, 140)} ${failureSummary.slice(0, 200)}`) })));
  const grave = findings.filter(({ impact }) => ["serious", "critical"].includes(impact));
  const light = findings.filter((finding) => !grave.includes(finding)).map(({ id, impact }) => `${id} (${impact})`);
  if (light.length) console.log(`${place}: axe also mentions ${light.join(", ")}`);
  assert.deepEqual(grave, [], place);
}
