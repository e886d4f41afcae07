/** Packs, manifests and lines that mean harm. The modules are those of tests/hostile. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { browser, choose, drop, fixture, lines, open, pack, ran, tab } from "./support.mjs";

const LINES = Array.from({ length: 40 }, (_, n) => `Mar 14 08:12:${String(n).padStart(2, "0")} web1 shop[1]: ERROR order ${n} failed`);
const BOOM = [...LINES.slice(0, 20), "Mar 14 08:12:30 web1 shop[1]: boom", ...LINES.slice(20)].join("\n");

const module = async (name) => ({ name: `${name}.wasm`, mimeType: "application/wasm", buffer: await readFile(join(fixture, "hostile", `${name}.wasm`)) });

test("hostile packs and lines", async (t) => {
    const chromium = await browser(t);

    /** The page with a hostile pack, which has met these lines. */
    const met = async (t, name, text = LINES.join("\n")) => {
        const page = await open(t, chromium);
        await lines(page, text);
        const alone = await page.locator("#summary").textContent();
        await drop(page, [await module(name)]);
        await pack(page, "hostile").waitFor();
        await ran(page);
        return { page, alone };
    };

    for (const [name, where] of [
        ["loop-check", /judged its batch 1 of \d+ entries/],
        ["loop-start", /while it started/],
        ["loop-open", /read its settings/],
        ["loops-on-line", /judged its batch 1 of/],
        ["loop-save", /saved its state/],
        ["log-flood", /judged its batch 1 of/],
    ]) {
        await t.test(`${name} is ended, the page says so and goes on without it`, async (t) => {
            const { page, alone } = await met(t, name, name === "loops-on-line" ? BOOM : undefined);
            await page.locator("#banners .banner", { hasText: "Pack hostile did not return" }).waitFor();
            assert.match(await page.locator("#banners").textContent(), where);
            await ran(page);
            assert.equal(await page.locator("#summary").textContent(), alone, "the others decide as if it were not there");
            assert.equal(await page.locator("#pack-hostile").isChecked(), false);
            assert.match(await pack(page, "hostile").textContent(), /It was ended|worker was ended/);
            // The page still works, and the pack can be tried again.
            await lines(page, LINES.slice(0, 3).join("\n"));
            await page.waitForFunction(() => document.querySelector("#tab-events").textContent === "Events (3)");
        });
    }

    await t.test("who goes on typing gives a looping pack no more time", async (t) => {
        const page = await open(t, chromium);
        await choose(page, "#pack-file", await module("loop-check"));
        await pack(page, "hostile").waitFor();
        const typing = (async () => {
            while (!(await page.locator("#banners .banner").count())) await page.locator("#text").press("x");
        })();
        await page.locator("#banners .banner", { hasText: "did not return" }).waitFor({ timeout: 15_000 });
        await typing;
    });

    for (const [name, fault, out] of [
        ["eats-on-line", "memory", false],
        ["memory-bomb", "memory", true],
        ["memory-at-once", "memory", true],
        ["trips-on-line", "trap", false],
        ["traps-always", "trap", true],
        ["panic", "panic", true],
        ["recursion", "trap", true],
        ["reply-garbage", "reply", true],
        ["reply-outside", "pointer", true],
        ["reply-huge", "answer", true],
        ["buffer-outside", "pointer", true],
        ["lying-evidence", "reply", true],
        ["evidence-of-others", "foreign", true],
    ]) {
        await t.test(`${name} gets its fault, and harms nobody`, async (t) => {
            const { page } = await met(t, name, BOOM);
            await page.locator("#pack-list .problem").waitFor();
            await tab(page, "cost");
            const faults = page.locator("#panel-cost .faults li");
            assert.equal(await faults.first().locator(".chip").textContent(), fault);
            assert.equal((await faults.last().textContent()).includes("the pack is out"), out);
            if (!out) assert.match(await faults.first().textContent(), /line 21 is skipped/);
            await tab(page, "incidents");
            assert.ok((await page.locator("#panel-incidents").textContent()).includes("app-errors/"));
        });
    }

    await t.test("what no server would take is refused, with why", async (t) => {
        const page = await open(t, chromium);
        for (const [name, why] of [
            ["import-clock", "import"],
            ["import-wasi", "import"],
            ["no-manifest", "manifest"],
            ["manifest-unknown-key", "manifest"],
            ["manifest-not-json", "manifest"],
            ["proposal-threads", "threads"],
            ["bomb-memory", "memory"],
            ["bomb-functions", "functions"],
            ["regex-slow", "regex"],
            ["abi-2", "ABI"],
        ]) {
            await choose(page, "#pack-file", await module(name));
            const banner = page.locator("#banners .banner", { hasText: `${name}.wasm` });
            await banner.waitFor();
            assert.match(await banner.textContent(), new RegExp(why, "i"), name);
            await banner.getByRole("button").click();
        }
        assert.equal(await pack(page, "hostile").count(), 0);
        await choose(page, "#pack-file", { name: "text.wasm", mimeType: "application/wasm", buffer: Buffer.from("<script>alert(1)</script>") });
        await page.locator("#banners .banner", { hasText: "text.wasm is no pack" }).waitFor();
    });

    await t.test("markup in a manifest is text", async (t) => {
        const page = await open(t, chromium);
        await choose(page, "#pack-file", await module("markup"));
        const card = pack(page, "markup");
        await card.waitFor();
        const closed = card.locator("details:not([open]) > summary").locator("visible=true");
        while (await closed.count()) await closed.first().click();
        const text = await card.textContent();
        for (const words of ["<img src=x onerror=alert(1)>", "<script>alert(2)</script>", "javascript:alert(3)"]) assert.ok(text.includes(words), words);
        await lines(page, "anything");
        await tab(page, "incidents");
        await page.locator("#panel-incidents summary").first().click();
        await page.locator("#panel-incidents .mail").waitFor();
        assert.equal(await page.evaluate(() => document.querySelectorAll("img, script:not([src]), iframe, a[href^='javascript']").length), 0);
    });

    await t.test("hostile lines are text, and what hides in them shows", async (t) => {
        const page = await open(t, chromium);
        const hostile = [
            "Mar 14 08:12:01 web1 sshd[1]: Failed password for <img src=x onerror=alert(1)> from 203.0.113.45 port 1 ssh2",
            "Mar 14 08:12:02 web1 shop[1]: ERROR \u202egnp.exe \u0007\u001b[31mred </script><script>alert(1)</script>",
            `{"message":"ERROR \\u0000 <b>x</b>","level":"error","__proto__":{"polluted":1},"constructor":"x"}`,
            "x".repeat(200_000),
            `ERROR ${"<".repeat(5_000)}`,
        ].join("\n");
        await lines(page, hostile);
        assert.equal(await page.locator("#tab-events").textContent(), "Events (5)");
        for (let row = 0; row < 5; row++) {
            await page.locator("#list").focus();
            await page.keyboard.press(row === 0 ? "Home" : "ArrowDown");
            await page.locator("#why h3", { hasText: `Line ${row + 1}` }).waitFor();
            if (row === 1) assert.match(await page.locator("#why pre.line").textContent(), /\\u\{202e\}gnp\.exe \\x07\\x1b\[31mred/);
        }
        await tab(page, "incidents");
        const closed = page.locator("#panel-incidents .card > details:not([open]) > summary");
        while (await closed.count()) await closed.first().click();
        await page.locator("#panel-incidents .mail").first().waitFor();
        assert.equal(await page.evaluate(() => document.querySelectorAll("img, script:not([src]), iframe, .mail a, b.x").length), 0);
        assert.equal(await page.evaluate(() => /** @type {any} */ ({}).polluted), undefined);
    });

    await t.test("bytes that are no UTF-8 are kept as they are", async (t) => {
        const page = await open(t, chromium);
        await choose(page, "#log-file", { name: "raw.log", mimeType: "text/plain", buffer: Buffer.from([0x45, 0x52, 0x52, 0x4f, 0x52, 0x20, 0xff, 0xfe, 0x0a, 0x00, 0x61, 0x0a]) });
        await ran(page);
        assert.ok(await page.locator("#large").isVisible());
        await page.locator("#list").focus();
        await page.keyboard.press("Home");
        await page.locator("#why pre.line", { hasText: "ERROR \\xff\\xfe" }).waitFor();
    });
});
