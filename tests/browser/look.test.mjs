/** Both themes, a phone, WCAG AA by axe. With TRIPLINE_SCREENSHOTS a folder of pictures is left. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { browser, choose, fixture, manifest, open, pack, ran, tab } from "./support.mjs";

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
            await manifest(pack(page, "sshd"));
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
            await page.locator("#save-cancel").click();
            while (await page.locator("#banners .banner").count()) await page.locator("#banners .quiet").first().click();
            // Options and a setting that are wrong.
            await page.locator("#timezone").fill("Europe/Berlin");
            await pack(page, "sshd").locator(":scope > details > summary").click();
            await page.locator("#setting-sshd-threshold").fill("0");
            await ran(page);
            await look("wrong");
            await page.locator("#timezone").fill("");
            await page.locator("#setting-sshd-threshold").fill("5");
            await pack(page, "sshd").locator(":scope > details > summary").click();
            await page.locator("#pack-hostile").uncheck();
            await ran(page);
            // Why packs were not woken, all of it.
            await tab(page, "events");
            await page.locator("#list .row").last().click();
            const reasons = page.locator("#why details:not([open]) > summary").locator("visible=true");
            while (await reasons.count()) await reasons.first().click();
            await look("not-woken");
            // Cases: which pack is it of, edited, not holding.
            const failed = Array.from({ length: 6 }, (_, n) => `Mar 14 08:12:4${n} web1 sshd[4117]: Failed password for root from 203.0.113.45 port 4102${n} ssh2`);
            await choose(page, "#case-file", { name: "a.case", mimeType: "text/plain", buffer: Buffer.from(`None.\n--- lines\n${failed.join("\n")}\n--- decisions\n`) });
            await page.locator("#banners .banner.note select").waitFor();
            await look("case-asked");
            await page.locator("#banners .banner.note select").selectOption("sshd");
            await page.locator("#panel-case .problem").waitFor();
            await page.locator("#text").press("Control+End");
            await page.locator("#text").pressSequentially("x");
            await page.locator("#panel-case .edited").waitFor();
            await ran(page);
            await look("case-edited");
            // A log that is not edited here, of several sources; and a manifest that means harm.
            await choose(page, "#log-file", [
                { name: "auth.log", mimeType: "text/plain", buffer: Buffer.from(`${failed.join("\n")}\n`.repeat(2000)) },
                { name: "other.log", mimeType: "text/plain", buffer: Buffer.from(`${failed[0]}\n`) },
            ]);
            await page.locator("#large").waitFor();
            await ran(page);
            await choose(page, "#pack-file", { name: "hidden.wasm", mimeType: "application/wasm", buffer: await readFile(join(fixture, "hostile", "hidden.wasm")) });
            await pack(page, "hidden").locator("details.part").first().waitFor();
            await ran(page);
            await page.locator("#list .row").first().click();
            await page.locator("#why .decided").first().waitFor();
            await look("large");
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
        for (const id of ["open-case", "save-case", "choose-pack", "new-lines", "choose-log", "text", "format", "year", "timezone", "tab-events", "which", "list", "why", "pack-sshd"]) assert.ok(reached.has(id), `${id}, of ${[...reached].join(" ")}`);
    });

    await t.test("on a phone, what comes next by keyboard is what stands next", async (t) => {
        const page = await open(t, chromium, { viewport: { width: 360, height: 740 } });
        const tops = await page.evaluate(() => [...document.querySelectorAll("header button, main button, main select, main textarea, main input, main [tabindex='0'], main summary")].filter((one) => one.checkVisibility() && one.tabIndex >= 0).map((one) => one.closest("section, header")?.getBoundingClientRect().top));
        assert.deepEqual(tops, [...tops].sort((a, b) => a - b));
    });

    await t.test("the end of a long line is reached in the list, and marks are explained", async (t) => {
        const page = await open(t, chromium, { viewport: { width: 700, height: 900 } });
        await page.locator("#text").fill(`Mar 14 08:12:40 web1 sshd[4117]: Failed password for ${"x".repeat(120)} from 203.0.113.45 port 41022 ssh2`);
        await ran(page);
        const mark = page.locator("#list .row mark", { hasText: "203.0.113.45" });
        await mark.waitFor({ state: "attached" });
        await page.locator("#list").evaluate((list) => (list.scrollLeft = list.scrollWidth));
        // Rows are made anew when the list scrolls: both are measured in one go.
        await page.waitForFunction(() => {
            const list = document.querySelector("#list");
            const mark = [...list.querySelectorAll(".row mark")].find((one) => one.textContent === "203.0.113.45");
            const [inside, outside] = [mark?.getBoundingClientRect(), list.getBoundingClientRect()];
            return inside && inside.left >= outside.left && inside.right <= outside.right;
        });
        for (const words of ["set off a decision", "is evidence", "woke a pack", "a pack failed"]) assert.ok((await page.locator(".legend").textContent()).includes(words));
    });
});
