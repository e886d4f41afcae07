/** The same decisions, byte for byte, as natively and in wasmtime: what those gave is in the fixture. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { browser, fixture, open } from "./support.mjs";

test("every case of every pack, and a large log", async (t) => {
    const expected = JSON.parse(await readFile(join(fixture, "expected.json"), "utf8"));
    const chromium = await browser(t);
    const page = await open(t, chromium);
    await page.evaluate(async () => {
        const { default: init, Playground, check } = await import(new URL("tripline.js", location.href).href);
        const { Engine } = await import(new URL("engine.js", location.href).href);
        await init();
        window.playground = new Playground();
        const bytes = (base64) => Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0));
        const engine = new Engine();
        /** The way of the page, in its worker; and that of other people's pages. */
        window.digests = async (module, file) => {
            const [wasm, read] = [bytes(module), window.playground.readCase(bytes(file))];
            const { module: { sha256 } } = await engine.load(wasm, true);
            const sources = read.sources.map((source) => ({ ...source, reference: null }));
            const { report } = await engine.check({ packs: [{ sha256, settings: read.settings }], sources }, read.lines, () => {});
            const own = sources.length === 1 ? await check(wasm, read.settings, read.lines[0], sources[0]) : null;
            return [report.decisions_sha256, own?.decisions_sha256 ?? report.decisions_sha256];
        };
    });
    let compared = 0;
    for (const { pack, wasm, cases } of expected) {
        const module = (await readFile(join(fixture, wasm))).toString("base64");
        const sha256 = await page.evaluate(async (module) => {
            const bytes = Uint8Array.from(atob(module), (byte) => byte.charCodeAt(0));
            return (await window.playground.load(bytes, false)).module.sha256;
        }, module);
        for (const { name, file, decided } of cases) {
            const lines = (await readFile(join(fixture, file))).toString("base64");
            for (const [batch, text] of Object.entries(decided)) {
                const found = await page.evaluate(
                    ([sha256, lines, batch]) => window.playground.decideCase(sha256, Uint8Array.from(atob(lines), (byte) => byte.charCodeAt(0)), batch),
                    [sha256, lines, Number(batch)],
                );
                const wanted = await readFile(join(fixture, text), "utf8");
                assert.ok(found === wanted, `${pack} ${name} in batches of ${batch}: expected\n${wanted.slice(0, 2000)}\nfound\n${found.slice(0, 2000)}`);
                compared++;
            }
            const whole = await readFile(join(fixture, decided[4294967295]));
            const wanted = createHash("sha256").update(whole).digest("hex");
            assert.deepEqual(await page.evaluate(([module, file]) => window.digests(module, file), [module, lines]), [wanted, wanted], `${pack} ${name} in the worker, and by check()`);
        }
    }
    t.diagnostic(`${compared} texts of decisions compared in ${chromium.version()}`);
    assert.ok(compared >= 160, `${compared}`);
});

test("hostile packs decide the same, and fail on the same lines", async (t) => {
    const page = await open(t, await browser(t));
    await page.evaluate(async () => {
        const { default: init, Playground } = await import(new URL("tripline.js", location.href).href);
        await init();
        window.playground = new Playground();
    });
    const file = (await readFile(join(fixture, "hostile.case"))).toString("base64");
    // How a trap is called is each engine's own.
    const comparable = (text) => text.replaceAll(/^(fault .*)\n {2}.*$/gm, "$1");
    for (const { name, decided } of JSON.parse(await readFile(join(fixture, "hostile.json"), "utf8"))) {
        const module = (await readFile(join(fixture, `${name}.wasm`))).toString("base64");
        const found = await page.evaluate(async ([module, file]) => {
            const bytes = (base64) => Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0));
            const { module: { sha256 } } = await window.playground.load(bytes(module), false);
            return window.playground.decideCase(sha256, bytes(file), 4294967295);
        }, [module, file]);
        assert.ok(decided.length > 20, `${name}: ${decided}`);
        assert.equal(comparable(found), comparable(decided), name);
    }
});
