/** A case that is open: which pack it is of, whether it holds, and what becomes of it while it is edited. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { browser, choose, drop, fixture, lines, open, pack, ran, tab } from "./support.mjs";

const FAILED = (n) => `Mar 14 08:12:4${n} web1 sshd[4117]: Failed password for root from 203.0.113.45 port 4102${n} ssh2\n`;
const SIX = Array.from({ length: 6 }, (_, n) => FAILED(n)).join("");
const opens = (page, name, text) => choose(page, "#case-file", { name, mimeType: "text/plain", buffer: Buffer.from(text) });
const chosen = (page) => page.locator("#panel-case select").inputValue();

async function own(name, file) {
    return readFile(join(fixture, "cases-of", name, file));
}

test("cases", async (t) => {
    const chromium = await browser(t);

    await t.test("every case of every pack is found to be of that pack, or somebody is asked", async (t) => {
        const page = await open(t, chromium);
        let [asked, found] = [0, 0];
        for (const name of await readdir(join(fixture, "cases-of"))) {
            for (const file of await readdir(join(fixture, "cases-of", name))) {
                const text = await own(name, file);
                await opens(page, file, text);
                await page.locator("#panel-case", { hasText: file }).waitFor();
                await ran(page);
                const said = await page.locator("#panel-case").textContent();
                if ((await chosen(page)) === "") {
                    asked++;
                    assert.ok(!said.includes("It holds"), `${name} ${file}: ${said}`);
                    await page.locator("#panel-case select").selectOption(name);
                    await page.locator("#panel-case .good").waitFor();
                } else found++;
                assert.equal(await chosen(page), name, file);
                assert.match(await page.locator("#panel-case .good").textContent(), new RegExp(`^It holds with ${name}, in batches of every size`));
            }
        }
        t.diagnostic(`${found} found, ${asked} asked for`);
        assert.ok(found > 25 && asked > 3, `${found} found, ${asked} asked for`);
    });

    await t.test("a case that expects nothing holds with no pack that nobody chose", async (t) => {
        const page = await open(t, chromium);
        await opens(page, "neg.case", `Nothing.\n--- lines year=2026\n${SIX}--- decisions\n`);
        const banner = page.locator("#banners .banner.note");
        await banner.waitFor();
        assert.match(await banner.textContent(), /It expects that nothing is decided.*Which pack is it of\?/);
        assert.equal(await page.locator("#panel-case .good").count(), 0);
        assert.ok(!(await page.locator("#panel-case").textContent()).includes("It holds"));
        // It is chosen where it is asked for.
        await banner.locator("select").selectOption("sshd");
        await page.locator("#panel-case .problem", { hasText: "It does not hold with sshd" }).waitFor();
        assert.equal(await page.locator("#banners .banner").count(), 0);
        await page.locator("#panel-case select").selectOption("exposure");
        await page.locator("#panel-case .good", { hasText: "It holds with exposure, in batches of every size: nothing is decided" }).waitFor();
    });

    await t.test("what does not hold is shown beside its own pack's decisions", async (t) => {
        const page = await open(t, chromium);
        const text = (await own("app-errors", "crashes.case")).toString("latin1").replace(/^(informational|low|medium|high|critical) (?=[a-z-]+ )/m, (severity) => (severity === "low " ? "high " : "low "));
        await choose(page, "#case-file", { name: "crashes.case", mimeType: "text/plain", buffer: Buffer.from(text, "latin1") });
        await page.locator("#panel-case .problem", { hasText: "It does not hold with app-errors" }).waitFor();
        assert.equal(await chosen(page), "app-errors");
    });

    await t.test("settings go to its pack alone, the others are off meanwhile, and all is as before when it is closed", async (t) => {
        const page = await open(t, chromium);
        await pack(page, "sshd").locator(":scope > details > summary").click();
        await pack(page, "app-errors").locator(":scope > details > summary").click();
        await page.locator("#setting-sshd-threshold").fill("9");
        await ran(page);
        const before = await page.locator("#setting-app-errors-threshold").inputValue();
        await choose(page, "#case-file", { name: "threshold.case", mimeType: "text/plain", buffer: await own("app-errors", "threshold.case") });
        await page.locator("#panel-case .good").waitFor();
        assert.equal(await chosen(page), "app-errors");
        assert.equal(await page.locator("#setting-sshd-threshold").inputValue(), "9");
        assert.notEqual(await page.locator("#setting-app-errors-threshold").inputValue(), before);
        assert.ok(await page.locator("#pack-sshd").isDisabled());
        assert.match(await pack(page, "sshd").textContent(), /It has no part in the case that is open/);
        assert.ok(!(await page.locator("#panel-cost").textContent()).includes("sshd"));
        await page.getByRole("button", { name: "Close the case" }).click();
        await ran(page);
        assert.equal(await page.locator("#setting-app-errors-threshold").inputValue(), before);
        assert.ok(await page.locator("#pack-sshd").isEnabled());
        assert.ok(!(await page.locator("#tab-case").isVisible()));
        assert.ok((await page.locator("#panel-cost").textContent()).includes("sshd"));
    });

    await t.test("a case without settings has its pack's defaults", async (t) => {
        const page = await open(t, chromium);
        await pack(page, "sshd").locator(":scope > details > summary").click();
        await page.locator("#setting-sshd-threshold").fill("100");
        await ran(page);
        const all = await Promise.all((await readdir(join(fixture, "cases-of/sshd"))).map((name) => own("sshd", name)));
        const text = all.find((text) => !text.includes("--- settings") && text.includes(" password-guessing "));
        await choose(page, "#case-file", { name: "a.case", mimeType: "text/plain", buffer: text });
        await page.locator("#panel-case .good").waitFor();
        assert.notEqual(await page.locator("#setting-sshd-threshold").inputValue(), "100");
        assert.doesNotMatch(await page.locator("#summary").textContent(), /^0 incidents/);
    });

    await t.test("what is on the page is judged: edited lines, edited settings; saved, they are the case", async (t) => {
        const page = await open(t, chromium);
        await lines(page, SIX);
        await page.locator("#year").fill("2026");
        await ran(page);
        await page.locator("#save-case").click();
        await page.locator("#save-why").fill("Six.");
        await page.locator("#save-name").fill("six");
        const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#save-ok").click()]);
        const file = await readFile(await download.path());
        await choose(page, "#case-file", { name: "six.case", mimeType: "text/plain", buffer: file });
        await page.locator("#panel-case .good").waitFor();
        assert.equal(await page.locator("#panel-case .edited").count(), 0);
        await lines(page, FAILED(0));
        await page.locator("#panel-case .problem", { hasText: "It does not hold with sshd" }).waitFor();
        assert.match(await page.locator("#panel-case .edited").textContent(), /Edited since it was opened/);
        await lines(page, SIX);
        await page.locator("#panel-case .good").waitFor();
        assert.equal(await page.locator("#panel-case .edited").count(), 0);
        await pack(page, "sshd").locator(":scope > details > summary").click();
        await page.locator("#setting-sshd-threshold").fill("100");
        await page.locator("#panel-case .problem").waitFor();
        assert.match(await page.locator("#panel-case").textContent(), /Edited since it was opened/);
        await page.locator("#panel-case").getByRole("button", { name: "Save …" }).click();
        assert.equal(await page.locator("#save-why").inputValue(), "Six.");
        assert.equal(await page.locator("#save-name").inputValue(), "six");
        const [again] = await Promise.all([page.waitForEvent("download"), page.locator("#save-ok").click()]);
        assert.match(await readFile(await again.path(), "utf8"), /threshold = 100/);
        await page.locator("#panel-case .good").waitFor();
        assert.equal(await page.locator("#panel-case .edited").count(), 0);
        // A log is no case.
        await drop(page, [{ name: "auth.log", buffer: Buffer.from(SIX) }]);
        await ran(page);
        assert.ok(!(await page.locator("#tab-case").isVisible()));
        assert.equal(await page.locator("#tab-events").getAttribute("aria-selected"), "true");
    });
});
