/** `tripline playground --pack P LOG`: the page begins with both. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { request } from "node:http";
import { browser, open, pack, url } from "./support.mjs";

test("a pack and a log are given", async (t) => {
    const chromium = await browser(t);
    const page = await open(t, chromium);
    assert.ok(await pack(page, "hostile").locator("input[type=checkbox]").first().isChecked());
    assert.equal(await pack(page, "sshd").locator("input[type=checkbox]").first().isChecked(), false);
    await page.waitForFunction(() => /Events \(\d{2,}/.test(document.querySelector("#tab-events").textContent));
    assert.match(await page.locator("#text").inputValue(), /sshd/);
    assert.notEqual(await page.locator("#tab-decisions").textContent(), "Decisions (0)");
});

test("nobody else gets at the log", async () => {
    const { origin, hostname, port } = new URL(url);
    for (const path of ["/", "/given.log", "/playground/", "/wrong/given.log"]) assert.equal((await fetch(origin + path)).status, 404, path);
    assert.equal((await fetch(`${url}given.log`)).status, 200);
    assert.equal((await fetch(`${url}given.log`)).headers.get("access-control-allow-origin"), null);
    // A name that somebody else has made to mean this machine.
    const status = await new Promise((resolve, reject) => {
        const asked = request({ hostname, port, path: `${new URL(url).pathname}given.log`, headers: { host: "evil.example" } }, (response) => {
            response.resume();
            resolve(response.statusCode);
        });
        asked.on("error", reject).end();
    });
    assert.equal(status, 403);
});
