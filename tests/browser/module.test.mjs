/** The ES module for other people: in a page that is not ours, in a worker of theirs, and in Node for CI. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { browser, fixture, open } from "./support.mjs";

/** What `tripline playground --export` has written. */
const site = join(fixture, "site");
const LINES = Array.from({ length: 6 }, (_, n) => `Mar 14 08:12:4${n} web1 sshd[4117]: Failed password for root from 203.0.113.45 port 4102${n} ssh2\n`).join("");

test("check(pack, settings, lines) in Node", async (t) => {
    const { default: init, check } = await import(pathToFileURL(join(site, "tripline.js")));
    await init({ module_or_path: await readFile(join(site, "tripline_bg.wasm")) });
    const pack = await readFile(join(site, "packs/sshd.wasm"));
    const report = await check(pack, null, LINES, { year: 2026 });
    assert.equal(report.lines, 6);
    assert.ok(report.decisions.some(({ rule, severity }) => rule === "password-guessing" && severity === "high"));
    assert.equal(report.incidents[0].first.slice(0, 4), "2026");
    assert.deepEqual(report.enforced, { cpu: false, wall: false, memory: false, table: false, stack: false });
    const more = await check(pack, { threshold: 100 }, new TextEncoder().encode(LINES));
    assert.ok(!more.decisions.some(({ rule }) => rule === "password-guessing"));
    await assert.rejects(check(pack, { treshold: 1 }, LINES), /there is no setting `treshold`/);
    await assert.rejects(check(pack, { threshold: "x" }, LINES), /setting `threshold`: expected/);
    await assert.rejects(check(pack, 1, LINES), /expected an object in `settings`, found 1/);
    await assert.rejects(check(pack, null, LINES, { year: "x" }), /expected a number in `year`/);
    await assert.rejects(check(Buffer.from("no"), null, LINES), /./);
    const declared = await readFile(join(site, "tripline.d.ts"), "utf8");
    for (const words of ["export function check(pack: Uint8Array, given: Record<string, unknown> | null | undefined, text: string | Uint8Array, options?: LinesSetup", "Promise<Report>", "export interface Report", "export class Playground"]) {
        assert.ok(declared.includes(words), `${words} in\n${declared.slice(-4000)}`);
    }
});

test("the files from any web server, below any path, offline", async (t) => {
    const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm", ".json": "application/json", ".svg": "image/svg+xml" };
    const server = createServer(async (request, response) => {
        const path = new URL(request.url, "http://x").pathname.replace("/some/where/", "");
        if (path === "/other") return response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Another page</title>");
        try {
            const bytes = await readFile(join(site, path || "index.html"));
            response.writeHead(200, { "content-type": types[extname(path || "index.html")] ?? "application/octet-stream" }).end(bytes);
        } catch {
            response.writeHead(404).end();
        }
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const address = `http://127.0.0.1:${server.address().port}/some/where/`;
    const chromium = await browser(t);
    const page = await open(t, chromium, { address });
    assert.match(await page.locator("#summary").textContent(), /incident/);

    await t.test("check() in a page of somebody else", async (t) => {
        const context = await chromium.newContext();
        t.after(() => context.close());
        const page = await context.newPage();
        await page.goto(new URL("/other", address).href);
        const report = await page.evaluate(async ([base, lines]) => {
            const { default: init, check } = await import(`${base}tripline.js`);
            await init();
            const pack = new Uint8Array(await (await fetch(`${base}packs/sshd.wasm`)).arrayBuffer());
            return check(pack, { threshold: 3 }, lines);
        }, [address, LINES]);
        assert.ok(report.decisions.some(({ rule }) => rule === "password-guessing"));
    });
});
