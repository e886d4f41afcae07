/** Lines come from everywhere: typed, pasted, dropped, opened; one log or several, of any line ends; and how they are read. */
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { test } from "node:test";
import { browser, choose, drop, dropText, lines, open, pack, paste, ran, tab, url, withoutBuiltin } from "./support.mjs";

const FAILED = (n) => `Mar 14 08:12:${String(n % 60).padStart(2, "0")} web1 sshd[4117]: Failed password for root from 203.0.113.45 port 4102${n % 10} ssh2`;
const LOG = (count, end = "\n") => Buffer.from(Array.from({ length: count }, (_, n) => FAILED(n) + end).join(""));
const events = (page, count) => page.waitForFunction((text) => document.querySelector("#tab-events").textContent === text, `Events (${count.toLocaleString("en")})`);
const given = (name, buffer) => ({ name, mimeType: "application/octet-stream", buffer });

test("lines", async (t) => {
    const chromium = await browser(t);

    await t.test("text is dropped anywhere, and pasted where no text field is", async (t) => {
        const page = await open(t, chromium);
        await dropText(page, "main", `${FAILED(1)}\n${FAILED(2)}\n`);
        await events(page, 2);
        assert.equal(await page.locator("#text").inputValue(), `${FAILED(1)}\n${FAILED(2)}\n`);
        await page.locator("#list").focus();
        await paste(page, "#list", "one\ntwo\nthree\n");
        await events(page, 3);
        // In a field it is that field's.
        await paste(page, "#year", "1999");
        await ran(page);
        await events(page, 3);
    });

    await t.test("a large paste goes where the cursor is, and says that something is going on", async (t) => {
        const page = await open(t, chromium);
        await lines(page, "first\nlast\n");
        await page.locator("#text").evaluate((text) => text.setSelectionRange(6, 6));
        await page.evaluate(() => {
            window.said = [];
            new MutationObserver(() => window.said.push(document.querySelector("#status").textContent)).observe(document.querySelector("#status"), { childList: true });
        });
        await paste(page, "#text", LOG(8000).toString());
        await events(page, 8002);
        assert.ok((await page.evaluate(() => window.said)).includes("reading what was pasted …"));
        // What was going on is over once it has come.
        await ran(page);
        assert.match(await page.locator("#status").textContent(), /^8,002 events of/);
        assert.match(await page.locator("#large").textContent(), /^pasted lines: \d+\.\d KiB\. It has .* up to 512\.0 KiB can be edited here/);
        // And back to a text.
        await page.locator("#new-lines").click();
        await events(page, 0);
        assert.ok(await page.locator("#text").isVisible());
        assert.ok(await page.locator("#text").evaluate((text) => text === document.activeElement));
        // What cannot be edited takes a paste nevertheless.
        await drop(page, [{ name: "raw.log", buffer: Buffer.from("a\0b\n") }]);
        await page.locator("#large", { hasText: "It has a byte 0, which no text field can hold." }).waitFor();
        await paste(page, "body", "one line\n");
        await page.locator("#text").waitFor();
        assert.equal(await page.locator("#text").inputValue(), "one line\n");
    });

    await t.test("several logs are several sources, none is lost", async (t) => {
        const page = await open(t, chromium);
        await drop(page, [{ name: "a.log", buffer: LOG(3) }, { name: "b.log", buffer: LOG(4) }, { name: "c.log.GZ", buffer: gzipSync(LOG(5)) }]);
        await events(page, 12);
        assert.deepEqual(await page.locator("#source option").allTextContents(), ["1: a.log", "2: b.log", "3: c.log.GZ"]);
        await page.locator("#source").selectOption("1");
        assert.equal(await page.locator("#text").inputValue(), LOG(4).toString());
        await choose(page, "#log-file", [given("d.log", LOG(1)), given("e.log", LOG(1))]);
        await events(page, 2);
        await choose(page, "#log-file", given("f.log", LOG(7)));
        await events(page, 7);
        assert.ok(!(await page.locator("#source").isVisible()));
    });

    await t.test("a log with CR LF can be edited, and keeps its line ends", async (t) => {
        const page = await open(t, chromium);
        await choose(page, "#log-file", given("dos.log", LOG(6, "\r\n")));
        await events(page, 6);
        assert.equal(await page.locator("#text").inputValue(), LOG(6).toString());
        assert.match(await page.locator("#status").textContent(), new RegExp(`of ${LOG(6, "\r\n").length} B in`), "exact until it is edited");
        await page.locator("#text").press("Control+End");
        await page.locator("#text").pressSequentially("x\n");
        await events(page, 7);
        assert.match(await page.locator("#status").textContent(), new RegExp(`of ${LOG(6, "\r\n").length + 3} B in`));
        await choose(page, "#log-file", given("mixed.log", Buffer.from("a\r\nb\nc\rd")));
        await page.locator("#large", { hasText: "Its lines end in more than one way" }).waitFor();
    });

    await t.test("a year and a zone that are none are said, and what was before stays", async (t) => {
        const page = await open(t, chromium);
        await lines(page, FAILED(1));
        await page.locator("#list .row").first().click();
        const problem = page.locator("#options-problem");
        for (const [box, value, said] of [
            ["#timezone", "Europe/Berlin", /expected UTC or an offset like \+02:00 as the time zone, found Europe\/Berlin.*; it stays UTC$/],
            ["#timezone", "+99:99", /found \+99:99/],
            ["#year", "99999", /^expected a year from 1970 to 9999, found 99999; it is found by itself$/],
        ]) {
            await page.locator(box).fill(value);
            await problem.waitFor();
            assert.match(await problem.textContent(), said);
            assert.equal(await page.locator(box).getAttribute("aria-invalid"), "true");
            assert.match(await page.locator(box).getAttribute("aria-describedby"), /options-problem/);
            await ran(page);
            assert.match(await page.locator("#notes").textContent(), /not read as their options say/);
            assert.equal(await page.locator("#banners .banner").count(), 0);
            await page.locator(box).fill("");
            await problem.waitFor({ state: "hidden" });
            assert.equal(await page.locator(box).getAttribute("aria-invalid"), "false");
        }
        await ran(page);
        assert.ok(!(await page.locator("#notes").isVisible()));
    });

    await t.test("a year that nobody says is found as tripline check finds it", async (t) => {
        const page = await open(t, chromium);
        const told = (words) => page.locator("#why table.fields", { hasText: words }).waitFor();
        // Today's date is of this year; that of the day after tomorrow is of the last.
        const stamp = (days) => new Date(Date.now() + days * 86_400_000);
        const words = (date) => `${date.toUTCString().slice(8, 11)} ${String(date.getUTCDate()).padStart(2)} 08:00:00 web1 sshd[1]: x`;
        await lines(page, words(stamp(0)));
        await page.locator("#list .row").first().click();
        await told(`${stamp(0).getUTCFullYear()}-`);
        await lines(page, words(stamp(3)));
        await told(`${stamp(3).getUTCFullYear() - 1}-`);
        // A file's is by when it was last written.
        await page.evaluate(() => {
            const transfer = new DataTransfer();
            transfer.items.add(new File(["Mar 14 08:00:00 web1 sshd[1]: x\n"], "old.log", { lastModified: Date.UTC(2019, 5, 1) }));
            document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
        });
        await page.waitForFunction(() => document.querySelector("#text").value.startsWith("Mar 14 08:00:00 web1 sshd[1]: x"));
        await ran(page);
        await page.locator("#list .row").first().click();
        await told("2019-03-14 08:00:00");
        await page.locator("#year").fill("2024");
        await told("2024-03-14 08:00:00");
    });

    await t.test("a module is known by its first bytes, a damaged gzip file is called one", async (t) => {
        const page = await open(t, chromium);
        await lines(page, "mine");
        const wasm = Buffer.from(await (await fetch(`${url}packs/sshd.wasm`)).arrayBuffer());
        for (const name of ["MINE.WASM", "module"]) {
            await choose(page, "#pack-file", given(name, wasm));
            await ran(page);
            assert.equal(await page.locator("#text").inputValue(), "mine");
        }
        await choose(page, "#log-file", given("bad.log.gz", gzipSync(LOG(9)).subarray(0, 60)));
        await page.locator("#banners", { hasText: "bad.log.gz cannot be read: it is no whole gzip file" }).waitFor();
        assert.equal(await page.locator("#text").inputValue(), "mine");
    });

    await t.test("what is opened stays open while lines are edited, and says what is new", async (t) => {
        const page = await open(t, chromium);
        const failing = (n) => `Mar 14 08:12:0${n} web1 shop[1]: ERROR payment ${n} failed\n`;
        await lines(page, failing(1) + failing(2));
        await tab(page, "incidents");
        const card = page.locator("#panel-incidents .card").first();
        await card.locator("summary").first().click();
        await card.locator(".mail").waitFor();
        const before = await card.locator(".evidence li").count();
        await page.locator("#text").press("Control+End");
        await page.locator("#text").pressSequentially(failing(3));
        await page.waitForFunction((before) => document.querySelectorAll("#panel-incidents .card:first-child .evidence li").length > before, before);
        assert.ok(await card.locator(".mail").isVisible());
        assert.ok(await page.locator("#text").evaluate((text) => text === document.activeElement));
    });

    await t.test("of thousands of decisions some are made at once, the others when they are asked for", async (t) => {
        const page = await open(t, chromium);
        await page.locator("#pack-sshd").uncheck();
        await lines(page, Array.from({ length: 450 }, (_, n) => `Mar 14 08:12:00 web1 shop[1]: ERROR kind${String.fromCharCode(97 + (n % 26), 97 + ((n / 26) | 0))} failed`).join("\n"));
        await tab(page, "decisions");
        const all = Number((await page.locator("#tab-decisions").textContent()).match(/\d+/)[0]);
        assert.ok(all > 250, `${all}`);
        assert.equal(await page.locator("#panel-decisions .card").count(), 200);
        await page.locator("#panel-decisions > button").click();
        assert.equal(await page.locator("#panel-decisions .card").count(), Math.min(all, 400));
    });

    await t.test("the wheel turns a million lines by as many as it turns ten", async (t) => {
        const page = await open(t, chromium);
        const top = () => page.locator("#list .row").first().evaluate((row) => Number(row.getAttribute("aria-posinset")));
        await choose(page, "#log-file", given("many.log", Buffer.from("x\n".repeat(1_000_000))));
        await events(page, 1_000_000);
        await page.locator("#list").hover();
        await page.waitForFunction(() => document.querySelectorAll("#list .row").length > 5);
        for (let n = 0; n < 5; n++) {
            const before = await top();
            await page.mouse.wheel(0, 112);
            await page.waitForFunction((before) => Number(document.querySelector("#list .row").getAttribute("aria-posinset")) > before, before);
            const moved = (await top()) - before;
            assert.ok(moved >= 3 && moved <= 5, `${moved} rows`);
        }
    });
});

test("packs", async (t) => {
    const chromium = await browser(t);

    await t.test("what is wrong in a form stays there, and is said outside of it", async (t) => {
        const page = await open(t, chromium);
        const sshd = pack(page, "sshd");
        await sshd.locator(":scope > details > summary").click();
        const threshold = page.locator("#setting-sshd-threshold");
        await threshold.fill("4");
        await threshold.fill("0");
        const words = /setting threshold: expected 1 to 1000, found 0; it stays 4/;
        await sshd.locator(".said .problem").waitFor();
        assert.match(await sshd.locator(".said").textContent(), words);
        await ran(page);
        assert.match(await page.locator("#notes").textContent(), words);
        const wasm = Buffer.from(await (await fetch(`${url}packs/exposure.wasm`)).arrayBuffer());
        await choose(page, "#pack-file", given("exposure.wasm", wasm));
        await ran(page);
        assert.equal(await threshold.inputValue(), "0");
        assert.equal(await threshold.getAttribute("aria-invalid"), "true");
        await threshold.fill("5");
        await page.locator("#notes").waitFor({ state: "hidden" });
        assert.equal(await sshd.locator(".said .problem").count(), 0);
    });

    await t.test("without a pack there is nothing to save, and that is said", async (t) => {
        const page = await open(t, chromium);
        await withoutBuiltin(page);
        await ran(page);
        await page.locator("#save-case").click();
        await page.locator("#save-problem", { hasText: "No pack is on" }).waitFor();
        assert.ok(await page.locator("#save-ok").isDisabled());
    });
});
