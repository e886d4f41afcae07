/** The same decisions, byte for byte, as natively and in wasmtime: what those gave is in the fixture. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { browser, fixture, open } from "./support.mjs";

test("every case of every pack, and a large log", async (t) => {
    const expected = JSON.parse(await readFile(join(fixture, "expected.json"), "utf8"));
    const chromium = await browser(t);
    const page = await open(t, chromium);
    await page.evaluate(async () => {
        const { default: init, Playground } = await import(new URL("tripline.js", location.href).href);
        await init();
        window.playground = new Playground();
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
        }
    }
    t.diagnostic(`${compared} texts of decisions compared in ${chromium.version()}`);
    assert.ok(compared >= 160, `${compared}`);
});
