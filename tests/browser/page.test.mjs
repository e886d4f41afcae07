/** What the page is for, used as a rule author uses it. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { browser, choose, drop, fixture, lines, manifest, open, pack, ran, tab, url } from "./support.mjs";

const GUESSING = Array.from({ length: 6 }, (_, n) => `Mar 14 08:12:4${n} web1 sshd[4117]: Failed password for root from 203.0.113.45 port 4102${n} ssh2`).join("\n");

test("the page: packs, lines, events, incidents, cases", async (t) => {
    const chromium = await browser(t);

    await t.test("it is served with its policy, and gets ready", async (t) => {
        const answer = await fetch(url);
        assert.equal(
            answer.headers.get("content-security-policy"),
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self'",
        );
        assert.equal(answer.headers.get("set-cookie"), null);
        const page = await open(t, chromium);
        const took = await page.evaluate(() => performance.getEntriesByName("ready")[0].startTime);
        t.diagnostic(`ready ${Math.round(took)} ms after it began to load (tests/measure-playground says so of a machine that does nothing else)`);
        assert.match(await page.locator("#summary").textContent(), /incident/);
    });

    await t.test("edited lines run again as they are typed", async (t) => {
        const page = await open(t, chromium);
        await lines(page, "nothing of interest");
        assert.match(await page.locator("#summary").textContent(), /^0 incidents/);
        await lines(page, GUESSING);
        assert.match(await page.locator("#summary").textContent(), /^[1-9]\d* incident/);
        await page.locator("#text").press("Control+End");
        await page.locator("#text").pressSequentially("\nMar 14 08:13:00 web1 shop[1]: ERROR x");
        await page.waitForFunction(() => document.querySelector("#tab-events").textContent === "Events (7)");
    });

    await t.test("a manifest can be read, and settings are a form whose values count", async (t) => {
        const page = await open(t, chromium);
        await lines(page, GUESSING);
        const sshd = pack(page, "sshd");
        await manifest(sshd);
        const text = await sshd.textContent();
        for (const word of ["ATT&CK T1110", "high", "Patterns", "SHA-256"]) assert.ok(text.includes(word), word);
        const schema = JSON.parse(await readFile(join(fixture, "sshd.json"), "utf8")).settings;
        for (const { name } of schema) assert.equal(await sshd.locator(`#setting-sshd-${name}`).count(), 1, name);
        const threshold = sshd.locator("#setting-sshd-threshold");
        const before = await page.locator("#summary").textContent();
        await threshold.fill("100");
        await page.waitForFunction((before) => document.querySelector("#summary").textContent !== before, before);
        await tab(page, "decisions");
        assert.ok(!(await page.locator("#panel-decisions").textContent()).includes("password-guessing"));
        await threshold.fill("0.5");
        assert.equal(await threshold.getAttribute("aria-invalid"), "true");
        assert.match(await sshd.textContent(), /expected a whole number/);
    });

    await t.test("an event has fields, patterns with captures in colour, and why packs were not woken", async (t) => {
        const page = await open(t, chromium);
        await lines(page, `${GUESSING}\nMar 14 08:13:20 web1 sshd[9]: Server listening on 0.0.0.0 port 22.\n`);
        await page.locator("#list .row").first().click();
        const why = page.locator("#why");
        await why.locator("h3").waitFor();
        assert.equal(await why.locator("pre.line mark").filter({ hasText: "203.0.113.45" }).count(), 1);
        assert.match(await why.locator("pre.line mark").first().getAttribute("title"), /^sshd: failed /);
        const fields = await why.locator("table.fields").textContent();
        for (const word of ["program", "sshd", "host", "web1", "4117"]) assert.ok(fields.includes(word), word);
        assert.match(await why.textContent(), /failed matches/);
        // Which literal was missing, and which entry of `wakes_on` failed.
        await page.locator("#list .row").last().click();
        await why.locator("h3", { hasText: "Line 7" }).waitFor();
        const sshd = why.locator("details.pack-why").filter({ has: page.locator("summary b", { hasText: "sshd" }) });
        assert.match(await sshd.locator("summary").first().textContent(), /not woken/);
        await sshd.locator("summary").first().click();
        assert.match(await sshd.locator(".wakes").textContent(), /failed: failed needs “Failed |failed: failed needs one of/i);
        const exposure = why.locator("details.pack-why").filter({ has: page.locator("summary b", { hasText: "exposure" }) });
        assert.match(await exposure.textContent(), /other log sources/);
    });

    await t.test("what is chosen stays chosen while lines are edited", async (t) => {
        const page = await open(t, chromium);
        await lines(page, GUESSING);
        await page.locator("#list .row").nth(1).click();
        await page.locator("#why h3", { hasText: "Line 2" }).waitFor();
        await lines(page, GUESSING.replaceAll("root", "carol"));
        await page.locator("#why pre.line mark", { hasText: "carol" }).waitFor();
        assert.equal(await page.locator("#list .row.selected").count(), 1);
    });

    await t.test("the list is worked by keyboard, the tabs too", async (t) => {
        const page = await open(t, chromium);
        await lines(page, GUESSING);
        await page.locator("#list").focus();
        await page.keyboard.press("ArrowDown");
        await page.locator("#why h3", { hasText: "Line 1" }).waitFor();
        await page.keyboard.press("End");
        await page.locator("#why h3", { hasText: "Line 6" }).waitFor();
        assert.equal(await page.locator("#list").getAttribute("aria-activedescendant"), "row-5");
        await page.locator("#tab-events").focus();
        await page.keyboard.press("ArrowRight");
        assert.equal(await page.locator("#tab-incidents").getAttribute("aria-selected"), "true");
        assert.ok(await page.locator("#panel-incidents").isVisible());
        await page.keyboard.press("End");
        assert.equal(await page.locator("#tab-cost").getAttribute("aria-selected"), "true");
    });

    await t.test("incidents are as a server opens them, with the mail it would send", async (t) => {
        const page = await open(t, chromium);
        await lines(page, GUESSING);
        await tab(page, "incidents");
        const card = page.locator("#panel-incidents .card").first();
        await card.locator("summary").first().click();
        await card.locator(".mail").waitFor();
        assert.match(await card.locator(".mail-head").textContent(), /Subject: .*203\.0\.113\.45/);
        assert.match(await card.locator(".mail-html").textContent(), /You get this mail because: first notice of this incident/);
        assert.notEqual(await card.locator(".mail-html span").first().evaluate((badge) => getComputedStyle(badge).backgroundColor), "rgba(0, 0, 0, 0)");
        await card.getByRole("button", { name: "Show the text part" }).click();
        assert.match(await card.locator(".mail-text").textContent(), /tripline incident show 1/);
        // Evidence leads to its event.
        await card.locator(".evidence button").first().click();
        await page.locator("#why h3", { hasText: "Line 1" }).waitFor();
    });

    await t.test("a large log: progress, a list of which little is in the page, any event at hand", async (t) => {
        const page = await open(t, chromium);
        const line = (n) => `Mar 14 08:${String(Math.floor(n / 60) % 60).padStart(2, "0")}:${String(n % 60).padStart(2, "0")} web1 sshd[${n}]: Failed password for root from 198.51.100.${n % 250} port 4000 ssh2\n`;
        const log = Buffer.from(Array.from({ length: 60_000 }, (_, n) => line(n)).join(""));
        await page.evaluate(() => {
            window.parts = [];
            new MutationObserver(() => window.parts.push(document.querySelector("#progress").value)).observe(document.querySelector("#progress"), { attributes: true });
        });
        await drop(page, [{ name: "auth.log", buffer: log }]);
        await ran(page);
        const parts = await page.evaluate(() => window.parts);
        assert.ok(parts.length > 5 && parts.some((part) => part > 0 && part < 1), JSON.stringify(parts.slice(0, 9)));
        assert.equal(await page.locator("#tab-events").textContent(), "Events (60,000)");
        await page.waitForFunction(() => document.querySelectorAll("#list .row").length > 5);
        assert.ok((await page.locator("#list .row").count()) < 60);
        await page.locator("#list").focus();
        await page.keyboard.press("End");
        await page.locator("#why h3", { hasText: "Line 60000" }).waitFor();
        await page.locator("#which").selectOption("decided");
        await page.waitForFunction(() => /^[1-9][\d,]* events$/.test(document.querySelector("#listed").textContent));
    });

    await t.test("lines are read as they say, of which year and zone", async (t) => {
        const page = await open(t, chromium);
        await page.locator("#year").fill("2024");
        await page.locator("#timezone").fill("+02:00");
        await lines(page, GUESSING);
        await page.locator("#list .row").first().click();
        await page.locator("#why table.fields", { hasText: "2024-03-14 06:12:40 UTC" }).waitFor();
        await page.locator("#format").selectOption("plain");
        await page.waitForFunction(() => document.querySelector("#summary").textContent.startsWith("0 incidents"));
    });

    await t.test("a case is saved that the pack's own tests run, and opened again", async (t) => {
        const page = await open(t, chromium);
        await pack(page, "sshd").locator(":scope > details > summary").click();
        await page.locator("#setting-sshd-threshold").fill("4");
        await lines(page, `--- decisions\n${GUESSING}\n\tback\\slash`);
        await page.locator("#year").fill("2026");
        await ran(page);
        await page.locator("#save-case").click();
        await page.locator("#save-why").fill("Four failed passwords are enough.");
        await page.locator("#save-name").fill("four-are-enough");
        assert.equal(await page.locator("#save-pack option:checked").textContent(), "sshd");
        const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#save-ok").click()]);
        assert.equal(download.suggestedFilename(), "four-are-enough.case");
        const file = await readFile(await download.path());
        // The Rust side runs it in wasmtime and natively.
        await writeFile(join(fixture, "saved.case"), file);
        const again = await open(t, chromium);
        await choose(again, "#case-file", { name: "four-are-enough.case", mimeType: "text/plain", buffer: file });
        await again.locator("#panel-case .good", { hasText: "It holds with sshd" }).waitFor();
        assert.equal(await again.locator("#text").inputValue(), `--- decisions\n${GUESSING}\n\tback\\slash\n`);
        assert.equal(await again.locator("#year").inputValue(), "2026");
        // What does not hold says what differs.
        const broken = Buffer.from(file.toString("latin1").replace(/^high /m, "low "), "latin1");
        await choose(again, "#case-file", { name: "broken.case", mimeType: "text/plain", buffer: broken });
        await again.locator("#panel-case .problem", { hasText: "It does not hold with" }).waitFor();
    });

    await t.test("cost, state and which limits hold are told", async (t) => {
        const page = await open(t, chromium);
        await lines(page, GUESSING);
        await tab(page, "cost");
        const row = page.locator("#panel-cost tr", { hasText: "sshd" });
        const cells = await row.locator("td").allTextContents();
        assert.equal(cells[0], "6");
        // Events, matches, batches, calls; each call, the longest, all of them, matching; memory, state.
        assert.deepEqual(cells.slice(0, 4), ["6", "6", "1", "1"]);
        for (const cell of cells.slice(4, 8)) assert.match(cell, /^(< 0\.1 ms|\d{1,3}\.\d ms|\d\.\d\d s)$/);
        const [memory, unit] = cells[8].split(" ");
        assert.ok(unit === "MiB" && Number(memory) > 1 && Number(memory) < 64, cells[8]);
        assert.match(cells[9], /^\d+(\.\d)? (B|KiB)$/);
        const limits = await page.locator("#panel-cost .limits").textContent();
        for (const words of ["how long a call may take: enforced here", "CPU time of a call: 50 ms, and 20 µs for each event: not enforced here", "memory: 64 MiB: not enforced here", "stack: 512 KiB: not enforced here"]) {
            assert.ok(limits.includes(words), `${words} in ${limits}`);
        }
    });

    await t.test("a case with several sources shows each", async (t) => {
        const page = await open(t, chromium);
        const file = Buffer.from("Two sources.\n--- lines year=2026\nMar 14 08:00:00 a sshd[1]: x\n--- lines format=plain\nERROR y\n--- decisions\n");
        await choose(page, "#case-file", { name: "two.case", mimeType: "text/plain", buffer: file });
        await page.waitForFunction(() => document.querySelector("#tab-events").textContent === "Events (2)");
        assert.equal(await page.locator("#source option").count(), 2);
        await page.locator("#source").selectOption("1");
        assert.equal(await page.locator("#text").inputValue(), "ERROR y\n");
        assert.equal(await page.locator("#format").inputValue(), "plain");
    });
});
