// @ts-check
/**
 * The case that is open. A case is of one pack, and does not say which: that is found out, or somebody says it. As long as it
 * is open, that pack alone judges, with the case's settings; and what is judged is what is on the page.
 */
import { caseChooser, showCase } from "./casetab.js";
import { fill, find } from "./dom.js";
import { Ended } from "./engine.js";
import { banner, shownTab, tab, unsay } from "./frame.js";
import { list } from "./events.js";
import { allBytes, drawSource } from "./lines.js";
import { drawPacks } from "./loading.js";
import { ask, ended, engine, run } from "./running.js";
import { bytesOf, setupOf, sourceOf } from "./sources.js";
import { nameOf, tried } from "./tried.js";

/** @typedef {import("./tried.js").Pack} Pack */

/** @param {string} name @param {Uint8Array} file */
export async function openCase(name, file) {
    /** @type {import("./tripline.js").CaseFile} */
    let read;
    try {
        read = await engine.ask("readCase", { file });
    } catch (error) {
        return banner(`${name} is no case: ${/** @type {Error} */ (error).message}`);
    }
    closeCase();
    const opened = (tried.opened = { name, file, read, pack: null, by: "", before: null });
    // A case is of no day: lines without a year are of 1970, unless it says theirs.
    tried.sources = read.lines.map((bytes, number) => ({ ...sourceOf(`source ${number + 1}`, bytes), ...laidOut(read.sources[number]), reference: null }));
    tried.current = 0;
    list.selected = -1;
    drawSource();
    find("#tab-case").hidden = false;
    const { pack, by } = await found(opened);
    if (tried.opened !== opened) return;
    if (pack) await choosePack(pack, by);
    else {
        opened.by = by;
        await run();
    }
    if (tried.opened !== opened) return;
    tab("case");
    if (!opened.pack) banner(`${name} is open. ${by}`, { about: "case", good: true, more: caseChooser(opened, choosePack) });
}

/** @param {import("./tripline.js").LinesSetup} setup */
const laidOut = ({ format = null, year = null, timezone = null }) => ({ format, year, timezone });

/**
 * Which of the packs that are on the case is of, if that can be told; and why.
 * @param {import("./tried.js").Opened} opened
 * @returns {Promise<{ pack: Pack | null, by: string }>}
 */
async function found({ file, read }) {
    const on = tried.packs.filter((pack) => pack.on);
    if (on.length === 0) return { pack: null, by: "No pack is on that it could be of." };
    if (on.length === 1) return { pack: on[0], by: "The only one that is on" };
    if (read.expected.trim() === "") return { pack: null, by: "It expects that nothing is decided, as it would be with any pack that its lines do not concern. Which pack is it of?" };
    const holding = [];
    const taking = [];
    for (const pack of on) {
        try {
            const outcome = await engine.ask("runCase", { sha256: pack.manifest.module.sha256, file });
            taking.push(pack);
            if (outcome.holds) holding.push(pack);
        } catch (error) {
            // As in any run; else it does not take the case's settings.
            if (error instanceof Ended) await ended(error);
        }
    }
    if (holding.length === 1) return { pack: holding[0], by: "The only one that is on and decides what it expects" };
    const owning = taking.filter(({ manifest }) => read.rules.every((id) => manifest.rules.some((/** @type {any} */ rule) => rule.id === id)));
    if (owning.length === 1 && read.rules.length > 0) return { pack: owning[0], by: "The only one that is on and has its rules" };
    return { pack: null, by: `${holding.length > 1 ? "Several packs that are on decide what it expects" : "No pack that is on is told by what it expects"}. Which pack is it of?` };
}

/** The case is of this pack. @param {Pack} pack @param {string} by @returns {Promise<void>} */
export function choosePack(pack, by) {
    const { opened } = tried;
    if (!opened) return Promise.resolve();
    unsay("case");
    restore(opened);
    [opened.pack, opened.by, opened.before] = [pack, by, pack.settings];
    pack.settings = { ...opened.read.settings };
    pack.wrong = new Map();
    for (const other of tried.packs) other.aside = other !== pack;
    drawPacks();
    return run();
}

/** The pack that it was of has what it had before, unless somebody has changed that meanwhile. @param {import("./tried.js").Opened} opened */
function restore({ pack, before, read }) {
    for (const other of tried.packs) other.aside = false;
    if (pack && before && same(pack.settings, read.settings)) [pack.settings, pack.wrong] = [before, new Map()];
}

/** A pack is gone. @param {Pack} pack */
export function lostPack(pack) {
    if (tried.opened?.pack !== pack) return;
    for (const other of tried.packs) other.aside = false;
    [tried.opened.pack, tried.opened.before, tried.opened.by] = [null, null, `${nameOf(pack)} was removed. Which pack is it of?`];
}

/** What is on the page is no case any more; all packs that are on judge it. */
export function closeCase() {
    if (!tried.opened) return;
    restore(tried.opened);
    tried.opened = null;
    unsay("case");
    if (shownTab() === "case") tab("events");
    find("#tab-case").hidden = true;
    fill(find("#panel-case"));
    drawPacks();
}

/** What was saved is what is open from now on. @param {string} name @param {Uint8Array} file @param {Pack} pack */
export async function savedCase(name, file, pack) {
    const { opened } = tried;
    const read = await ask("readCase", { file });
    if (!read || !opened || tried.opened !== opened || opened.pack !== pack) return;
    Object.assign(opened, { name, file, read });
    await checkCase();
}

let checks = 0;

/** Judges what is on the page by the case that is open. */
export async function checkCase() {
    const { opened } = tried;
    if (!opened) return;
    const own = ++checks;
    const { pack, read, file } = opened;
    const edited = isEdited(opened);
    /** @type {any} */
    let outcome = null;
    let problem = null;
    if (pack?.on) {
        const { sha256 } = pack.manifest.module;
        try {
            outcome = edited
                ? await engine.ask("judgeCase", { expected: read.expected, sha256, settings: pack.settings, sources: tried.sources.map(setupOf), bytes: allBytes() })
                : await engine.ask("runCase", { sha256, file });
        } catch (error) {
            if (error instanceof Ended) return ended(error);
            problem = /** @type {Error} */ (error).message;
        }
    }
    if (own === checks && tried.opened === opened) showCase(find("#panel-case"), opened, { edited, outcome, problem }, choosePack, () => (closeCase(), run()));
}

/** @param {import("./tried.js").Opened} opened */
function isEdited({ read, pack }) {
    if (pack && !same(pack.settings, read.settings)) return true;
    return tried.sources.length !== read.lines.length || tried.sources.some((source, number) => {
        const { format, year, timezone } = laidOut(read.sources[number]);
        const [now, then] = [bytesOf(source), read.lines[number]];
        const zone = (/** @type {string | null} */ zone) => (zone ?? "UTC").toUpperCase();
        return source.format !== format || source.year !== year || zone(source.timezone) !== zone(timezone) || now.length !== then.length || now.some((byte, at) => byte !== then[at]);
    });
}

/** @param {Record<string, any>} one @param {Record<string, any>} other */
function same(one, other) {
    const sorted = (/** @type {Record<string, any>} */ settings) => JSON.stringify(Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1)));
    return sorted(one) === sorted(other);
}
