// @ts-check
/** The lines: typed, pasted, dropped or opened; and how they are read. */
import { closeCase, openCase } from "./cases.js";
import { element, fill, find, size } from "./dom.js";
import { list } from "./events.js";
import { banner, breath, busy, note, status } from "./frame.js";
import { addPack, drawPacks } from "./loading.js";
import { changed, run } from "./running.js";
import { bytesOf, bytesOfFile, edit, EDITABLE, MOST, newSource, sourceOf, wrongYear, wrongZone } from "./sources.js";
import { tried } from "./tried.js";

export function drawSource() {
    const source = tried.sources[tried.current];
    const chooser = find("#source");
    chooser.hidden = tried.sources.length < 2;
    fill(chooser, tried.sources.map(({ name }, number) => element("option", { value: number }, `${number + 1}: ${name}`)));
    chooser.value = String(tried.current);
    const text = find("#text");
    text.hidden = source.text === null;
    text.value = source.text ?? "";
    const large = find("#large");
    large.hidden = source.text !== null;
    if (source.text === null) fill(large, `${source.name}: ${size(source.bytes?.length ?? 0)}. ${source.why} Its events are below; what you paste or drop takes its place.`);
    find("#format").value = source.format ?? "";
    find("#year").value = source.year ?? "";
    find("#year").placeholder = source.reference === null ? "1970" : "found";
    find("#timezone").value = source.timezone === "UTC" ? "" : (source.timezone ?? "");
    judgeOptions();
}

/** Begins with these lines: they take the place of all that were there, and of a case. @param {import("./sources.js").Source[]} sources */
export function setSources(sources) {
    const { format, year, timezone } = tried.sources[tried.current];
    // How the lines before were read is most likely how these are; unless a case said it.
    const kept = tried.opened ? {} : { format, timezone, year };
    closeCase();
    tried.sources = sources.map((source) => ({ ...source, ...kept }));
    tried.current = 0;
    list.selected = -1;
    drawSource();
    return run();
}

/** @param {string} name @param {Uint8Array} bytes @param {number} [modified] */
export function setLines(name, bytes, modified) {
    return setSources([{ ...sourceOf(name, bytes), reference: modified }]);
}

/** An empty text, to be typed into. */
export async function newLines() {
    tried.sources = [newSource("lines", "")];
    tried.current = 0;
    await setSources([newSource("lines", "")]);
    find("#text").focus();
}

/** A text from somewhere else than the text field. @param {string} name @param {string} text */
async function setText(name, text) {
    busy(1);
    status("reading what was pasted …");
    await breath();
    const bytes = new TextEncoder().encode(text);
    if (bytes.length > MOST) banner(`That has ${size(bytes.length)}; here are at most ${size(MOST)}.`);
    else await setLines(name, bytes);
    busy(-1);
}

/**
 * Files that were chosen, dropped or pasted: packs, a case, logs. Several logs are several sources.
 * @param {Iterable<File>} files
 */
export async function take(files) {
    busy(1);
    let added = false;
    const logs = [];
    for (const file of files) {
        try {
            if (/\.wasm$/i.test(file.name) || (await isModule(file))) added = Boolean(await addPack(new Uint8Array(await file.arrayBuffer()), file.name, false)) || added;
            else if (/\.case$/i.test(file.name)) await openCase(file.name, await bytesOfFile(file));
            else {
                status(`reading ${file.name} …`);
                await breath();
                logs.push({ ...sourceOf(file.name, await bytesOfFile(file)), reference: file.lastModified });
            }
        } catch (error) {
            banner(`${file.name} cannot be read: ${/** @type {Error} */ (error).message}`);
        }
    }
    const sum = logs.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0);
    if (sum > MOST) banner(`These logs have ${size(sum)}; here are at most ${size(MOST)}.`);
    else if (logs.length > 0) {
        await setSources(logs);
        added = false;
    }
    drawPacks();
    if (added) await run();
    busy(-1);
}

/** @param {Blob} file */
async function isModule(file) {
    const [a, b, c, d] = new Uint8Array(await file.slice(0, 4).arrayBuffer());
    return a === 0 && b === 0x61 && c === 0x73 && d === 0x6d;
}

/** Of the page: files anywhere, texts where no text field takes them. @param {ClipboardEvent} event */
export function pasted(event) {
    const given = event.clipboardData;
    const target = /** @type {any} */ (event.target);
    if (!given) return;
    if (given.files.length > 0) {
        event.preventDefault();
        return void take([...given.files]);
    }
    const text = given.getData("text/plain");
    if (target.id === "text") {
        const before = target.value.length - (target.selectionEnd - target.selectionStart);
        if (before + text.length <= EDITABLE) return;
        // A text field with megabytes in it is slow; the list below is not.
        event.preventDefault();
        return void setText("pasted lines", target.value.slice(0, target.selectionStart) + text + target.value.slice(target.selectionEnd));
    }
    if (text === "" || target.closest?.("input, textarea, select, dialog")) return;
    event.preventDefault();
    return void setText("pasted lines", text);
}

/** @param {DragEvent} event */
export function dropped(event) {
    document.body.classList.remove("dropping");
    const files = [...(event.dataTransfer?.files ?? [])];
    const target = /** @type {any} */ (event.target);
    const text = event.dataTransfer?.getData("text/plain") ?? "";
    // A text field puts a text where it was dropped.
    if (files.length === 0 && text.length <= EDITABLE && target.closest?.("input, textarea")) return;
    event.preventDefault();
    if (files.length > 0) take(files);
    else if (text !== "") setText("dropped lines", text);
}

/** Somebody has typed. */
export function typed() {
    const source = tried.sources[tried.current];
    edit(source, find("#text").value);
    changed();
}

/** Which source is shown. */
export function chooseSource() {
    tried.current = Number(find("#source").value);
    drawSource();
}

/** How the lines are read; what is wrong is said, and what was before stays. */
export function readOptions() {
    const source = tried.sources[tried.current];
    const [year, zone] = [find("#year"), find("#timezone")];
    source.format = find("#format").value || null;
    if (!wrongYear(year.value, year.validity.badInput)) source.year = year.value === "" ? null : Number(year.value);
    if (!wrongZone(zone.value.trim())) source.timezone = zone.value.trim() || null;
    judgeOptions();
    changed();
}

function judgeOptions() {
    const { year, timezone } = tried.sources[tried.current];
    const [yearBox, zoneBox] = [find("#year"), find("#timezone")];
    const wrong = [
        [yearBox, wrongYear(yearBox.value, yearBox.validity.badInput), year === null ? "it is found by itself" : `it stays ${year}`],
        [zoneBox, wrongZone(zoneBox.value.trim()), `it stays ${timezone ?? "UTC"}`],
    ];
    for (const [box, problem] of wrong) box.setAttribute("aria-invalid", String(Boolean(problem)));
    const said = wrong.filter(([, problem]) => problem).map(([, problem, stays]) => `${problem}; ${stays}`);
    find("#options-problem").hidden = said.length === 0;
    fill(find("#options-problem"), said.join(". "));
    note("options", said.map((text) => `The lines are not read as their options say: ${text}.`));
}

/** The bytes of all sources. */
export const allBytes = () => tried.sources.map(bytesOf);
