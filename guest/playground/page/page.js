// @ts-check
/** The page: who listens to what, and how it begins. */
import { find } from "./dom.js";
import { beginList, relist } from "./events.js";
import { banner, status, tab, tabKey } from "./frame.js";
import { chooseSource, drawSource, dropped, newLines, pasted, readOptions, setLines, take, typed } from "./lines.js";
import { addPack, drawPacks } from "./loading.js";
import { engine, run, unstartable } from "./running.js";
import { openSave, save } from "./saving.js";
import { SAMPLE } from "./sources.js";
import { tried } from "./tried.js";
import { Unstartable } from "./workers.js";

/** @param {string} selector @param {string} event @param {(event: any) => void} listener */
const on = (selector, event, listener) => find(selector).addEventListener(event, listener);

function listen() {
    for (const [button, input] of [["#choose-pack", "#pack-file"], ["#choose-log", "#log-file"], ["#open-case", "#case-file"]]) {
        on(button, "click", () => find(input).click());
        on(input, "change", () => {
            take([...find(input).files]);
            find(input).value = "";
        });
    }
    on("#text", "input", typed);
    on("#new-lines", "click", newLines);
    on("#source", "change", chooseSource);
    on("#format", "change", readOptions);
    on("#year", "input", readOptions);
    on("#timezone", "input", readOptions);
    on("#which", "change", () => relist(false));
    on("#tabs", "click", (event) => event.target.id.startsWith("tab-") && tab(event.target.id.slice("tab-".length)));
    on("#tabs", "keydown", tabKey);
    on("#save-case", "click", openSave);
    on("#save form", "submit", save);
    on("#save-cancel", "click", () => find("#save").close());
    addEventListener("paste", pasted);
    addEventListener("dragover", (event) => {
        const text = !event.dataTransfer?.types.includes("Files") && /** @type {any} */ (event.target).closest?.("input, textarea");
        // A text field shows where a text would go.
        if (!text) event.preventDefault();
        document.body.classList.add("dropping");
    });
    addEventListener("dragleave", (event) => event.relatedTarget === null && document.body.classList.remove("dropping"));
    addEventListener("drop", dropped);
}

/** @param {string} path */
async function fetched(path) {
    const response = await fetch(path);
    if (!response.ok) throw new Error(`expected ${path}, found status ${response.status}`);
    return response;
}

async function begin() {
    beginList();
    listen();
    tried.sources[0].text = SAMPLE;
    drawSource();
    try {
        const given = await (await fetched("given.json")).json();
        const strangers = given.packs.some((/** @type {any} */ { builtin }) => !builtin);
        const modules = await Promise.all(given.packs.map(async (/** @type {any} */ pack) => ({ ...pack, bytes: new Uint8Array(await (await fetched(pack.file)).arrayBuffer()) })));
        await engine.ready;
        for (const { file, bytes, builtin } of modules) await addPack(bytes, file, builtin, !builtin || !strangers);
        drawPacks();
        if (given.log) await setLines(given.log.name, new Uint8Array(await (await fetched(given.log.file)).arrayBuffer()), given.log.modified ?? undefined);
        else await run();
    } catch (error) {
        const { message } = /** @type {Error} */ (error);
        status("it could not be loaded");
        if (error instanceof Unstartable) unstartable(message);
        else banner(`The playground could not be loaded: ${message}`);
    }
    performance.mark("ready");
    document.documentElement.dataset.ready = "true";
}

begin();
