/** Packs, manifests and lines that mean harm. The modules are those of tests/hostile. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { browser, choose, drop, fixture, lines, manifest, open, pack, ran, tab, url, withoutBuiltin } from "./support.mjs";

/** How long what takes long may take on a busy machine. */
const PATIENCE = 150_000;

const LINES = Array.from({ length: 40 }, (_, n) => `Mar 14 08:12:${String(n).padStart(2, "0")} web1 shop[1]: ERROR order ${n} failed`);
const BOOM = [...LINES.slice(0, 20), "Mar 14 08:12:30 web1 shop[1]: boom", ...LINES.slice(20)].join("\n");

/**
 * The module of which a call takes some 300 ms here: what one does in that time is another thing on each machine. A page gives a
 * call 2 s, however busy its machine is, and a call of few entries 200 ms on the average.
 */
const slow = async () => {
    for (const millions of [25, 35, 50, 70, 100, 140, 200, 280, 400, 560]) {
        const found = await module(`slow-${millions}`);
        const { instance } = await WebAssembly.instantiate(found.buffer);
        // What else the machine does makes it slower now, and perhaps not then.
        const took = [1, 2, 3].map(() => {
            const began = performance.now();
            instance.exports.tripline_check(0, 0);
            return performance.now() - began;
        });
        if (Math.min(...took) > 260) return found;
    }
    throw new Error("expected a machine that needs a quarter of a second for 560 million rounds");
};

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

    await t.test("who clicks while a pack loops sees no error", async (t) => {
        const page = await open(t, chromium);
        await lines(page, LINES.join("\n"));
        await choose(page, "#pack-file", await module("loop-check"));
        await pack(page, "hostile").waitFor();
        await page.waitForFunction(() => document.querySelector("#status").textContent.includes("hostile judges its batch 1"));
        await page.locator("#list .row").nth(2).click();
        await page.locator("#which").selectOption("woke");
        await tab(page, "incidents");
        await page.locator("#panel-incidents .card summary").first().click();
        await page.locator("#banners .banner", { hasText: "did not return" }).waitFor();
        await ran(page);
    });

    await t.test("what was ended and is switched on again judges again, with a case open, too", async (t) => {
        const page = await open(t, chromium);
        await choose(page, "#pack-file", await module("loops-on-line"));
        await withoutBuiltin(page);
        await ran(page);
        await choose(page, "#case-file", { name: "boom.case", mimeType: "text/plain", buffer: Buffer.from(`Boom.\n--- lines\n${BOOM}\n--- decisions\n`) });
        await page.locator("#banners .banner", { hasText: "did not return" }).waitFor();
        await ran(page);
        assert.match(await page.locator("#panel-case").textContent(), /hostile is off/);
        await lines(page, LINES.join("\n"));
        await page.locator("#pack-hostile").check();
        await page.waitForFunction(() => document.querySelector("#tab-decisions").textContent === "Decisions (40)");
        await page.locator("#text").press("Control+End");
        await page.locator("#text").pressSequentially("\nx");
        await page.waitForFunction(() => document.querySelector("#tab-decisions").textContent === "Decisions (41)");
        assert.ok(await page.locator("#pack-hostile").isChecked());
    });

    await t.test("a case on which its pack loops is ended as any other run", async (t) => {
        const page = await open(t, chromium);
        await choose(page, "#pack-file", await module("loops-on-line"));
        await pack(page, "hostile").waitFor();
        await choose(page, "#case-file", { name: "boom.case", mimeType: "text/plain", buffer: Buffer.from(`Boom.\n--- lines\n${BOOM}\n--- decisions\nlow loud at line 1\n`) });
        await page.locator("#banners .banner", { hasText: "Pack hostile did not return while it judged" }).waitFor();
        await ran(page);
        assert.equal(await page.locator("#pack-hostile").isChecked(), false);
        assert.ok(await page.locator("#tab-case").isVisible());
    });

    await t.test("without its server, looping packs are ended and the page goes on; then it says that it cannot, once", async (t) => {
        const page = await open(t, chromium, { wrong: ["ERR_INTERNET_DISCONNECTED", "Failed to load resource"] });
        await page.waitForTimeout(2500);
        await page.context().setOffline(true);
        let started = 0;
        page.on("worker", () => started++);
        const looping = await module("loops-on-line");
        await lines(page, BOOM);
        for (let n = 0; n < 3; n++) {
            if (n === 0) await choose(page, "#pack-file", looping);
            else await page.locator("#pack-hostile").check();
            await page.locator("#banners .banner", { hasText: n < 2 ? "Pack hostile did not return" : "No worker can be started" }).waitFor();
            await page.waitForFunction(() => !document.querySelector("#pack-hostile").checked);
            await ran(page);
            if (n < 2) {
                assert.match(await page.locator("#summary").textContent(), /incident/);
                await page.getByRole("button", { name: "Dismiss" }).first().click();
            }
        }
        await page.waitForTimeout(1500);
        assert.ok(started < 12, `${started} workers`);
        assert.equal(await page.locator("#banners .banner", { hasText: "No worker can be started" }).count(), 1);
        await lines(page, LINES.slice(0, 3).join("\n"));
        assert.equal(await page.locator("#banners .banner", { hasText: "No worker can be started" }).count(), 1);
        await page.context().setOffline(false);
        await page.getByRole("button", { name: "Try again" }).click();
        await page.waitForFunction(() => document.querySelector("#tab-events").textContent === "Events (3)");
        assert.equal(await page.locator("#banners .banner", { hasText: "No worker can be started" }).count(), 0);
    });

    // Long lines are few in a batch, and a server gives few of them little time: a call that takes more has far to the deadline.
    for (const [name, count, text] of [["slow", 1000, "x".repeat(8000)], ["table-bomb", 2000, "x"]]) {
        await t.test(`${name} is no end, though no call of it passes the deadline`, async (t) => {
            const page = await open(t, chromium);
            const log = Buffer.from(Array.from({ length: count }, (_, n) => `Mar 14 08:12:00 web1 shop[1]: ${text} ${n}\n`).join(""));
            await choose(page, "#pack-file", name === "slow" ? await slow() : await module(name));
            await pack(page, "hostile").waitFor();
            await choose(page, "#log-file", { name: "a.log", mimeType: "text/plain", buffer: log });
            if (name === "slow") {
                await page.waitForFunction(() => /running … .*; hostile (judges|took)/.test(document.querySelector("#status").textContent));
                const banner = page.locator("#banners .banner", { hasText: "far more than a server gives it" });
                await banner.waitFor({ timeout: PATIENCE });
                assert.match(await banner.textContent(), /Pack hostile took \d+\.\d\d s in \d+ calls/);
            }
            await page.waitForFunction((count) => document.querySelector("#tab-events").textContent === `Events (${count.toLocaleString("en")})`, count, { timeout: PATIENCE });
            await ran(page);
        });
    }

    await t.test("a pack that takes more memory than a server gives has a fault, and the page says how that differs", async (t) => {
        const { page } = await met(t, "memory-polite");
        await tab(page, "cost");
        assert.match(await page.locator("#panel-cost .limits").textContent(), /a server refuses a pack more, and the pack may go on without; here it gets it, which is a fault/);
        assert.equal(await page.locator("#panel-cost .faults .chip").first().textContent(), "memory");
    });

    await t.test("each character is shown as the command line shows it", async (t) => {
        const page = await open(t, chromium);
        const shown = JSON.parse(await readFile(join(fixture, "visible.json"), "utf8"));
        assert.ok(shown.length > 150, `${shown.length}`);
        const differ = await page.evaluate(async (shown) => {
            const { visible } = await import(new URL("visible.js", location.href).href);
            const known = new Map(shown);
            const differ = [];
            for (let code = 0; code <= 0x10ffff; code++) {
                if (code >= 0xd800 && code <= 0xdfff) continue;
                const character = String.fromCodePoint(code);
                if (visible(character) !== (known.get(code) ?? character)) differ.push(code);
            }
            return differ;
        }, shown);
        assert.deepEqual(differ, []);
    });

    await t.test("what hides in a manifest or a decision shows wherever it stands, and a long word is no wide page", async (t) => {
        for (const viewport of [{ width: 1400, height: 900 }, { width: 360, height: 740 }]) {
            const page = await open(t, chromium, { viewport });
            await choose(page, "#pack-file", await module("hidden"));
            const card = pack(page, "hidden");
            await card.waitFor();
            await manifest(card);
            const closed = card.locator("details:not([open]) > summary").locator("visible=true");
            while (await closed.count()) await closed.first().click();
            for (const words of ["a\\u{202e}b", "t\\u{200b}t", "exe\\u{202e}gnp \\u{2066}", "t\\u{feff}", "r\\u{2028}"]) assert.ok((await card.textContent()).includes(words), words);
            // A setting called as what every object has.
            assert.equal(await page.locator("#setting-hidden-constructor").inputValue(), "the default");
            await lines(page, "Mar 14 08:12:01 web1 shop[1]: ERROR \u202eevil\u200b \u2066x failed");
            for (const name of ["incidents", "decisions"]) {
                await tab(page, name);
                const open = page.locator(`#panel-${name} .card > details:not([open]) > summary`);
                while (await open.count()) await open.first().click();
                if (name === "incidents") await page.locator("#panel-incidents .mail").nth(1).waitFor();
                assert.ok((await page.locator(`#panel-${name}`).textContent()).includes("exe\\u{202e}gnp"), name);
            }
            await tab(page, "events");
            await page.locator("#list .row").first().click();
            await page.locator("#why .decided").first().waitFor();
            const raw = await page.evaluate(() => {
                const found = [];
                const hidden = /[\u202a-\u202e\u2066-\u2069\u200b\ufeff\u00ad\u2028]/;
                const walker = document.createTreeWalker(document, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
                for (let node = walker.nextNode(); node; node = walker.nextNode()) {
                    if (node.nodeType === Node.TEXT_NODE && hidden.test(node.data)) found.push(node.parentElement.outerHTML.slice(0, 200));
                    if (node.nodeType === Node.ELEMENT_NODE) for (const { name, value } of node.attributes) if (hidden.test(value)) found.push(`${name}=${value}`);
                }
                return found;
            });
            assert.deepEqual(raw, []);
            const wide = await page.evaluate(() => Math.max(document.documentElement.scrollWidth, window.innerWidth));
            assert.ok(wide <= viewport.width, `${wide} pixels wide`);
        }
    });

    await t.test("a pack called as a built-in takes its place, says so, and gives it back", async (t) => {
        const page = await open(t, chromium);
        const builtin = Buffer.from(await (await fetch(`${url}packs/sshd.wasm`)).arrayBuffer());
        // Another module, of the same pack.
        const mine = Buffer.concat([builtin, Buffer.from([0, 3, 1, 0x78, 0])]);
        await choose(page, "#pack-file", { name: "sshd.wasm", mimeType: "application/wasm", buffer: mine });
        await page.locator("#banners .banner", { hasText: "sshd.wasm has taken the place of the built-in sshd" }).waitFor();
        assert.match(await pack(page, "sshd").textContent(), /is back when this one is removed/);
        await pack(page, "sshd").getByRole("button", { name: "Remove sshd" }).click();
        await ran(page);
        assert.equal(await pack(page, "sshd").count(), 1);
        assert.match(await pack(page, "sshd").textContent(), /built in/);
        assert.ok(!(await page.locator("#summary").textContent()).startsWith("0 incidents"));
    });

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
            if (!out) {
                // The fault leads to its event, which says so itself.
                assert.match(await faults.first().textContent(), /line 21 is skipped/);
                await faults.first().getByRole("button", { name: "line 21" }).click();
                await page.locator("#why h3", { hasText: "Line 21" }).waitFor();
                assert.match(await page.locator("#why .problem").textContent(), /Pack hostile failed on it/);
                await page.locator("#which").selectOption("faulted");
                await page.waitForFunction(() => [...document.querySelectorAll("#list .row .flag")].map(({ textContent }) => textContent).join() === "✗");
                assert.equal(await page.locator("#listed").textContent(), "1 event");
            }
            if (fault === "trap") assert.match(await faults.first().textContent(), /hint: a bug of the pack: save the line as a case, and run `tripline pack test`/);
            if (fault === "memory") assert.match(await faults.first().textContent(), /asked for \d+(\.\d)? (M|G)iB of memory, the limit is 64\.0 MiB/);
            assert.match(await page.locator("#summary").textContent(), /; \d+ faults?$/);
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
        await manifest(card);
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
