/** `tripline serve` has the playground at /playground, for everybody. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, lines, open, url } from "./support.mjs";

test("a server has it", async (t) => {
    const page = await open(t, await browser(t), { wrong: ["401"] });
    assert.equal(page.url(), `${url}/`);
    await lines(page, "Mar 14 08:13:02 web1 shop[811]: ERROR payment 4711 failed");
    assert.match(await page.locator("#summary").textContent(), /^1 incident, the worst medium; 1 decision; 1 match$/);
    assert.equal((await fetch(`${url}/`)).headers.get("content-security-policy").startsWith("default-src 'none'; "), true);
    // What is not its own is as closed as ever.
    const other = new URL("/api/v1/incidents", url);
    assert.equal(await page.evaluate(async (other) => (await fetch(other)).status, other.href).catch((error) => error.message), 401);
});
