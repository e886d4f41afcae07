/** Both themes, a phone, WCAG AA by axe. With TRIPLINE_SCREENSHOTS a folder of pictures is left. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { browser, choose, fixture, open, pack, ran, tab } from "./support.mjs";

const axe = await readFile(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const folder = process.env.TRIPLINE_SCREENSHOTS;

/** Nothing against WCAG 2.2 A and AA, nor against what axe calls best practice. */
async function accessible(page, where) {
    if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
    const violations = await page.evaluate(async () => {
        const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
        const { violations } = await window.axe.run(document, { runOnly: { type: "tag", values: tags } });
        return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html, any }) => `${html.slice(0, 160)} ${any[0]?.message ?? ""}`).slice(0, 3).join(" | ")}`);
    });
    assert.deepEqual(violations, [], where);
}

test("how it looks", async (t) => {
    const chromium = await browser(t);
    const screens = [
        ["light", { colorScheme: "light", viewport: { width: 1400, height: 1000 } }],
        ["dark", { colorScheme: "dark", viewport: { width: 1400, height: 1000 } }],
        ["phone", { colorScheme: "light", viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 }],
        ["phone-dark", { colorScheme: "dark", viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 }],
    ];
    for (const [name, options] of screens) {
        await t.test(name, async (t) => {
            const page = await open(t, chromium, options);
            const shot = (what) => folder && page.screenshot({ path: join(folder, `${name}-${what}.png`), fullPage: true });
            const look = async (what) => {
                // Wider than its screen is nothing.
                const wide = await page.evaluate(() => Math.max(document.documentElement.scrollWidth, window.innerWidth));
                assert.ok(wide <= options.viewport.width, `${name} ${what}: ${wide} pixels wide`);
                await shot(what);
                await accessible(page, `${name} ${what}`);
            };
            await page.locator("#list .row.woke").first().click();
            await page.locator("#why h3").waitFor();
            await look("events");
            await pack(page, "sshd").locator(":scope > details > summary").click();
            const closed = pack(page, "sshd").locator("details.part:not([open]) > summary");
            while (await closed.count()) await closed.first().click();
            await look("pack");
            await pack(page, "sshd").locator(":scope > details > summary").click();
            await tab(page, "incidents");
            await page.locator("#panel-incidents .card summary").first().click();
            await page.locator("#panel-incidents .mail").waitFor();
            await look("incidents");
            await tab(page, "decisions");
            await look("decisions");
            await choose(page, "#pack-file", { name: "trips-on-line.wasm", mimeType: "application/wasm", buffer: await readFile(join(fixture, "hostile", "traps-always.wasm")) });
            await pack(page, "hostile").waitFor();
            await choose(page, "#pack-file", { name: "no.wasm", mimeType: "application/wasm", buffer: Buffer.from("no") });
            await page.locator("#banners .banner").waitFor();
            await tab(page, "cost");
            await look("cost");
            await page.locator("#save-case").click();
            await look("save");
        });
    }

    await t.test("everything is reached by keyboard", async (t) => {
        const page = await open(t, chromium, { viewport: { width: 1400, height: 1000 } });
        await page.evaluate(() => document.activeElement.blur());
        const reached = new Set();
        for (let n = 0; n < 120; n++) {
            await page.keyboard.press("Tab");
            const id = await page.evaluate(() => document.activeElement.id || document.activeElement.closest("[data-pack]")?.dataset.pack || document.activeElement.tagName);
            if (id === "BODY") break;
            reached.add(id);
        }
        for (const id of ["open-case", "save-case", "choose-pack", "choose-log", "text", "format", "year", "timezone", "tab-events", "which", "list", "why", "pack-sshd"]) assert.ok(reached.has(id), `${id}, of ${[...reached].join(" ")}`);
    });
});
