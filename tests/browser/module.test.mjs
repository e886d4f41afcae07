/** The ES module for other people: in a page that is not ours, in a worker of theirs, and in Node for CI. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { runInNewContext } from "node:vm";
import { browser, fixture, open } from "./support.mjs";

/** What `tripline playground --export` has written. */
const site = join(fixture, "site");
const root = fileURLToPath(new URL("../..", import.meta.url));
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
    // What is none of these is refused, and not taken for nothing.
    const cyclic = {};
    cyclic.itself = cyclic;
    for (const [args, words] of [
        [[null, null, LINES], "expected a Uint8Array or ArrayBuffer in `pack`, found Null"],
        [["sshd", null, LINES], "expected a Uint8Array or ArrayBuffer in `pack`, found String"],
        [[readFile(join(site, "packs/sshd.wasm")), null, LINES], "expected a Uint8Array or ArrayBuffer in `pack`, found Promise"],
        [[pack, null, ["line1", "line2"]], "expected a text, Uint8Array or ArrayBuffer in `lines`, found Array"],
        [[pack, null, 5], "expected a text, Uint8Array or ArrayBuffer in `lines`, found Number"],
        [[pack, null], "expected a text, Uint8Array or ArrayBuffer in `lines`, found Undefined"],
        [[pack, { threshold: 3n }, LINES], /^expected what JSON can say in `settings`, found .*BigInt/],
        [[pack, cyclic, LINES], /^expected what JSON can say in `settings`, found .*circular/],
        [[pack, new Map([["threshold", 3]]), LINES], "expected what JSON can say in `settings`, found Map"],
        [[pack, () => ({}), LINES], "expected what JSON can say in `settings`, found Function"],
        [[pack, null, LINES, { reference: "x" }], 'expected milliseconds since 1970 in `reference`, found "x"'],
    ]) {
        await assert.rejects(check(...args), (error) => error instanceof Error && (words instanceof RegExp ? words.test(error.message) : error.message === words || assert.fail(error.message)));
    }
    const buffer = pack.buffer.slice(pack.byteOffset, pack.byteOffset + pack.byteLength);
    assert.equal((await check(buffer, undefined, new TextEncoder().encode(LINES).buffer, { year: 2026 })).decisions_sha256, report.decisions_sha256);
    // Of another realm, as test runners give it.
    assert.equal((await check(runInNewContext("Uint8Array.from(bytes)", { bytes: [...pack] }), null, LINES, { year: 2026 })).decisions_sha256, report.decisions_sha256);
    // The year is found as the command finds it.
    const today = new Date();
    const year = (await check(pack, null, LINES)).incidents[0].first.slice(0, 4);
    assert.equal(Number(year), new Date(Date.UTC(today.getUTCFullYear(), 2, 14)) > today.getTime() + 86_400_000 ? today.getUTCFullYear() - 1 : today.getUTCFullYear());
    assert.equal((await check(pack, null, LINES, { reference: Date.UTC(2020, 0, 9) })).incidents[0].first.slice(0, 4), "2019");
    assert.equal((await check(pack, null, LINES, { reference: null })).incidents[0].first.slice(0, 4), "1970");
    const declared = await readFile(join(site, "tripline.d.ts"), "utf8");
    for (const words of ["export function check(pack: Uint8Array | ArrayBuffer, settings: Record<string, unknown> | null | undefined, lines: string | Uint8Array | ArrayBuffer, options?: LinesSetup", "Promise<Report>", "export interface Report", "export class Playground"]) {
        assert.ok(declared.includes(words), `${words} in\n${declared.slice(-4000)}`);
    }
});

test("Node takes the exported folder for what it is, whatever lies around it", async (t) => {
    const around = await mkdtemp(join(fixture, "around-"));
    t.after(() => rm(around, { recursive: true }));
    await writeFile(join(around, "package.json"), '{ "type": "commonjs" }');
    await cp(site, join(around, "site"), { recursive: true });
    const source = (await readFile(join(root, "guest/playground/README.md"), "utf8")).match(/```js\n([\s\S]*?)```/)[1];
    const script = source.replace('"./tripline.js"', '"./site/tripline.js"').replace('"tripline_bg.wasm"', '"site/tripline_bg.wasm"').replace('"my-pack.wasm"', '"site/packs/sshd.wasm"');
    await writeFile(join(around, "auth.log"), LINES);
    await writeFile(join(around, "ci.mjs"), `${script}\nconsole.log(decisions.length > 0 && incidents.length > 0 && faults.length === 0);\n`);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ["ci.mjs"], { cwd: around, env: { ...process.env, NODE_OPTIONS: "" } });
    assert.equal(stdout, "true\n");
    assert.equal(stderr, "");
});

test("the compiler takes the declarations, and the page", async (t) => {
    const folder = await mkdtemp(join(fixture, "types-"));
    t.after(() => rm(folder, { recursive: true }));
    await cp(site, folder, { recursive: true });
    await cp(new URL("types/user.ts", import.meta.url), join(folder, "user.ts"));
    const tsc = new URL("node_modules/typescript/bin/tsc", import.meta.url).pathname;
    const usual = ["--noEmit", "--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler", "--lib", "es2022,dom,dom.iterable"];
    for (const files of [["user.ts", "tripline.d.ts"], ["--allowJs", "--checkJs", "--maxNodeModuleJsDepth", "0", "page.js", "worker.js"]]) {
        const { stdout } = await promisify(execFile)(process.execPath, [tsc, ...usual, ...files], { cwd: folder }).catch((error) => error);
        assert.equal(stdout, "");
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
