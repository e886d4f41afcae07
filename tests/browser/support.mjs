/** A real Chromium, and a page of it that has to keep its word: no error, no request to elsewhere, nothing kept. */
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

/** Where the playground is served. */
export const url = process.env.TRIPLINE_PLAYGROUND;
/** What the Rust side has laid down for a test. */
export const fixture = process.env.TRIPLINE_FIXTURE;

const FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
];

/** A browser that ends with the test. */
export async function browser(t) {
    const launched = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true, args: FLAGS });
    t.after(() => launched.close());
    return launched;
}

/**
 * The playground in a page of its own, ready. Whatever goes wrong in it fails the test.
 * @param {import("playwright-core").Browser} from
 */
export async function open(t, from, { address = url, wrong = [], ...options } = {}) {
    const context = await from.newContext({ acceptDownloads: true, ...options });
    // A machine that is busy is no fault of the page.
    context.setDefaultTimeout(180_000);
    const page = await context.newPage();
    const problems = [];
    page.on("console", (message) => message.type() === "error" && problems.push(`console: ${message.text()}`));
    page.on("pageerror", (error) => problems.push(`page: ${error.stack}`));
    page.on("request", (request) => {
        const asked = request.url();
        if (!asked.startsWith(new URL(address).origin) && !asked.startsWith("blob:")) problems.push(`request to ${asked}`);
    });
    t.after(async () => {
        const unexpected = problems.filter((problem) => !wrong.some((known) => problem.includes(known)));
        assert.deepEqual(unexpected, []);
        const kept = await page.evaluate(async () => [document.cookie, localStorage.length, sessionStorage.length, (await indexedDB.databases()).length, (await caches.keys()).length]).catch(() => null);
        if (kept) assert.deepEqual(kept, ["", 0, 0, 0, 0]);
        await context.close();
    });
    await page.goto(address);
    await ready(page);
    return page;
}

/** Switches the built-in packs off. */
export async function withoutBuiltin(page) {
    for (const name of ["sshd", "app-errors", "exposure", "web-attacks", "sudo-su", "auditd-basics", "log-gap"]) await page.locator(`#pack-${name}`).uncheck();
}

/** Waits until the page is loaded and has run once. */
export async function ready(page) {
    await page.waitForFunction(() => document.documentElement.dataset.ready === "true");
    await ran(page);
}

/** Waits until nothing is going on that changes what is shown. */
export async function ran(page) {
    await page.waitForFunction(() => document.documentElement.dataset.busy === "false");
}

/** Types lines over those that are there, and waits for what comes of them. */
export async function lines(page, text) {
    await page.locator("#text").fill(text);
    await ran(page);
}

/** Gives the page files, as if they were chosen. */
export async function choose(page, input, files) {
    await page.locator(input).setInputFiles(files);
}

/** Drops files on the page. */
export async function drop(page, files) {
    const given = files.map(({ name, buffer }) => ({ name, base64: buffer.toString("base64") }));
    await page.evaluate((given) => {
        const transfer = new DataTransfer();
        for (const { name, base64 } of given) transfer.items.add(new File([Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0))], name));
        document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }, given);
}

/** Drops a text on an element. */
export async function dropText(page, selector, text) {
    await page.locator(selector).first().evaluate((element, text) => {
        const transfer = new DataTransfer();
        transfer.setData("text/plain", text);
        element.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }, text);
    await ran(page);
}

/** Pastes a text into an element; as a browser does, unless somebody else took it. */
export async function paste(page, selector, text) {
    await page.locator(selector).first().evaluate((element, text) => {
        const transfer = new DataTransfer();
        transfer.setData("text/plain", text);
        element.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true }));
    }, text);
    await ran(page);
}

/** The card of a pack. */
export const pack = (page, name) => page.locator(`#pack-list > li[data-pack="${name}"]`);

/** Opens what a pack's card has of its manifest, which is made once that is open. */
export async function manifest(card) {
    // A pack that somebody brought is open already.
    if (!(await card.locator(":scope > details").evaluate((details) => details.open))) await card.locator(":scope > details > summary").click();
    await card.locator("details.part").first().waitFor();
}

/** Opens a tab. */
export async function tab(page, name) {
    await page.locator(`#tab-${name}`).click();
    await page.locator(`#panel-${name}`).waitFor();
}
