/**
 * What a pack decides on a log in Chromium, in a worker as the page has it: SHA-256, lines, seconds.
 *
 *     node decisions.mjs URL PACK.wasm LOG [YEAR [FORMAT]]
 */
import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";

const [url, wasm, log, year, format] = process.argv.slice(2);
const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true, args: flags });
try {
    const page = await browser.newPage();
    // Files of this machine, beside the playground's own: one origin, as its policy wants it.
    await page.route("**/tried.wasm", async (route) => route.fulfill({ body: await readFile(wasm), contentType: "application/wasm" }));
    await page.route("**/tried.log", async (route) => route.fulfill({ body: await readFile(log), contentType: "text/plain" }));
    const began = performance.now();
    await page.goto(url);
    await page.waitForFunction(() => document.documentElement.dataset.ready === "true");
    const ready = performance.now() - began;
    const inPage = await page.evaluate(() => performance.getEntriesByType("mark").find(({ name }) => name === "ready")?.startTime ?? 0);
    const answer = await page.evaluate(async ([year, format]) => {
        const bytes = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer());
        const { Engine } = await import(new URL("engine.js", location.href).href);
        const engine = new Engine();
        const [wasm, log] = [await bytes("tried.wasm"), await bytes("tried.log")];
        const { module } = await engine.load(wasm, false);
        const setup = { packs: [{ sha256: module.sha256, settings: null }], sources: [{ year, format }] };
        return engine.check(setup, [log], () => {});
    }, [year ? Number(year) : null, format || null]);
    const { report, seconds } = answer;
    console.log(`${report.decisions_sha256} ${report.lines} ${seconds.toFixed(3)}`);
    console.error(`ready ${Math.round(inPage)} ms after the page began to load, ${Math.round(ready)} ms after it was asked for`);
} finally {
    await browser.close();
}
