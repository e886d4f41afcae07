// @ts-check
/** The page: what is tried is here, what comes of it is the worker's. */
import { counted, duration, element, fill, find, size } from "./dom.js";
import { Ended, Engine } from "./engine.js";
import { List } from "./list.js";
import { at, showCase, showCost, showDecisions, showIncidents } from "./outcome.js";
import { showPacks } from "./packs.js";
import { showNone, showWhy } from "./why.js";

/** Bytes of lines that a text field takes; longer logs are shown, and not edited. */
const EDITABLE = 512 * 1024;
/** Bytes of lines in all: the engine has 4 GiB of memory, and holds them more than once. */
const MOST = 512 * 1024 * 1024;
/** Milliseconds after the last letter that was typed. */
const PAUSE = 150;

const SAMPLE = `Mar 14 08:12:01 web1 sshd[4100]: Accepted publickey for alice from 198.51.100.8 port 50112 ssh2
Mar 14 08:12:40 web1 sshd[4117]: Failed password for invalid user admin from 203.0.113.45 port 41022 ssh2
Mar 14 08:12:42 web1 sshd[4117]: Failed password for invalid user admin from 203.0.113.45 port 41022 ssh2
Mar 14 08:12:45 web1 sshd[4119]: Failed password for root from 203.0.113.45 port 41030 ssh2
Mar 14 08:12:47 web1 sshd[4119]: Failed password for root from 203.0.113.45 port 41030 ssh2
Mar 14 08:12:50 web1 sshd[4123]: Failed password for root from 203.0.113.45 port 41044 ssh2
Mar 14 08:13:02 web1 shop[811]: ERROR payment 4711 failed after 3 attempts
Mar 14 08:13:20 web1 CRON[4130]: (root) CMD (run-parts /etc/cron.hourly)
`;

/** @typedef {{ name: string, text: string | null, bytes: Uint8Array | null, format: string | null, year: number | null, timezone: string | null }} Source */

/** @param {string} name @param {string | null} text @param {Uint8Array | null} [bytes] @returns {Source} */
const newSource = (name, text, bytes = null) => ({ name, text, bytes, format: null, year: new Date().getFullYear(), timezone: null });

const engine = new Engine();
/** @type {import("./packs.js").Pack[]} */
let packs = [];
/** @type {Source[]} */
let sources = [newSource("lines", "")];
let current = 0;
/** @type {any} */
let report = null;
let runs = 0;
/** @type {number | undefined} */
let pause;
/** @type {{ name: string, file: Uint8Array, case: any } | null} */
let opened = null;

const list = new List(
    find("#list"),
    (from, count) => engine.ask("rows", { which: find("#which").value, from, count }),
    (row) => choose(row.row),
);

// ---- running ----

/** What is going on, or about to, that changes what is shown. */
let going = 0;

/** @param {number} step */
function busy(step) {
    going += step;
    document.documentElement.dataset.busy = String(going > 0);
}

/** Runs again when nothing was typed for a moment. */
function changed() {
    if (pause === undefined) busy(1);
    clearTimeout(pause);
    pause = setTimeout(run, PAUSE);
}

/** @param {Source} source */
const bytesOf = (source) => source.bytes ?? new TextEncoder().encode(source.text ?? "");
/** @param {Source} source */
const setupOf = ({ format, year, timezone }) => ({ format, year, timezone });

async function run() {
    busy(1);
    if (pause !== undefined) {
        clearTimeout(pause);
        pause = undefined;
        busy(-1);
    }
    try {
        await runNow();
    } finally {
        busy(-1);
    }
}

async function runNow() {
    const own = ++runs;
    const bytes = sources.map(bytesOf);
    const setup = {
        packs: packs.filter(({ on }) => on).map(({ manifest, settings }) => ({ sha256: manifest.module.sha256, settings })),
        sources: sources.map(setupOf),
    };
    status("running …");
    const progress = find("#progress");
    try {
        const answer = await engine.check(setup, bytes, (part) => {
            if (own !== runs) return;
            progress.hidden = false;
            progress.value = part;
            status(`running … ${Math.floor(part * 100)} %`);
        });
        if (own !== runs || answer.replaced) return;
        progress.hidden = true;
        await showRun(answer);
    } catch (error) {
        if (error instanceof Ended) return ended(error);
        if (own !== runs) return;
        progress.hidden = true;
        status("it could not be run");
        banner(`It could not be run: ${/** @type {Error} */ (error).message}`);
    }
}

/** A pack did not return: it is off from now on, the others go on. @param {Ended} error @returns {Promise<void>} */
function ended(error) {
    find("#progress").hidden = true;
    const { call } = error;
    const pack = call ? packs.find(({ manifest }) => manifest.pack.name === call.pack) : [...packs].reverse().find(({ on, builtin }) => on && !builtin);
    if (!pack?.on) return run();
    const { name } = pack.manifest.pack;
    const doing = { start: "started", open: "read its settings", check: `judged its batch ${call?.batch} of ${counted(call?.entries ?? 0, "entry", "entries")}`, save: "saved its state" };
    const where = call ? `while it ${doing[/** @type {keyof typeof doing} */ (call.what)]}` : "while its patterns were matched";
    pack.on = false;
    pack.problem = `It did not return ${where}. Its worker was ended, and it is off.`;
    banner(`Pack ${name} did not return ${where}. It was ended, and the others go on without it.`);
    drawPacks();
    return reload(pack).then(run);
}

/** What was ended is loaded anew, so that it can be tried again. @param {import("./packs.js").Pack} pack */
const reload = (pack) => engine.load(pack.bytes, false).catch(() => {});

/** @param {{ report: any, problems: { pack: string, message: string }[], seconds: number, bytes: number }} answer */
async function showRun(answer) {
    report = answer.report;
    for (const pack of packs) pack.problem = pack.on ? (answer.problems.find(({ pack: name }) => name === pack.manifest.pack.name)?.message ?? faulted(pack)) : pack.problem;
    drawProblems();
    // Of a few lines a rate says nothing.
    const rate = report.lines >= 1000 ? `, ${counted(Math.round(report.lines / answer.seconds), "line")} a second` : "";
    status(`${counted(report.lines, "event")} of ${size(answer.bytes)} in ${duration(answer.seconds)}${rate}`);
    const worst = report.incidents[0]?.severity;
    find("#summary").textContent = `${counted(report.incident_count, "incident")}${worst ? `, the worst ${worst}` : ""}; ${counted(report.decision_count, "decision")}; ${counted(report.matches, "match", "matches")}`;
    find("#tab-events").textContent = `Events (${report.rows.toLocaleString("en")})`;
    find("#tab-incidents").textContent = `Incidents (${report.incident_count.toLocaleString("en")})`;
    find("#tab-decisions").textContent = `Decisions (${report.decision_count.toLocaleString("en")})`;
    const names = sources.map(({ name }) => name);
    const around = { names, goTo, incident: (/** @type {number} */ incident) => engine.ask("incident", { incident, names }) };
    showIncidents(find("#panel-incidents"), report, around);
    showDecisions(find("#panel-decisions"), report, around);
    showCost(find("#panel-cost"), report, names);
    await relist(true);
    if (opened) await checkCase();
}

/** What a pack's faults are on its card. @param {import("./packs.js").Pack} pack */
function faulted(pack) {
    const own = report.faults.filter((/** @type {any} */ fault) => fault.pack === pack.manifest.pack.name);
    if (own.length === 0) return null;
    const { message, at: place, quarantined } = own[own.length - 1];
    const names = sources.map(({ name }) => name);
    return `${counted(own.length, "fault")}. The last: ${message}${place ? ` (at ${at(names, place)})` : ""}${quarantined ? "; it is out" : ""}`;
}

// ---- events ----

let listings = 0;

/** Lists anew what is asked for. @param {boolean} again whether what was chosen stays, since only its text has changed */
async function relist(again) {
    const own = ++listings;
    const which = find("#which").value;
    const { count } = await engine.ask("rows", { which, from: 0, count: 0 });
    if (own !== listings) return;
    list.reset(count, again ? list.selected : -1);
    if (list.selected < 0) showNone(find("#why"));
    find("#listed").textContent = counted(count, "event");
}

let choices = 0;

/** @param {number} row */
async function choose(row) {
    const own = ++choices;
    const why = await engine.ask("why", { row });
    if (why && own === choices) showWhy(find("#why"), why, sources.length > 1);
}

/** Shows the event at a place. @param {import("./tripline.js").Place} place */
async function goTo(place) {
    const row = await engine.ask("find", place);
    if (row === null) return;
    tab("events");
    if (find("#which").value !== "all") {
        find("#which").value = "all";
        await relist(false);
    }
    list.select(row);
    find("#list").focus();
}

// ---- packs ----

const told = {
    changed,
    /** @param {import("./packs.js").Pack} pack */
    removed: (pack) => {
        packs = packs.filter((known) => known !== pack);
        engine.forget(pack.manifest.module.sha256).catch(() => {});
        drawPacks();
        changed();
    },
};

function drawPacks() {
    showPacks(find("#pack-list"), packs, told);
}

/** Problems change with each run; forms that somebody types into stay. */
function drawProblems() {
    for (const pack of packs) {
        const card = [...find("#pack-list").children].find((card) => card.dataset.pack === pack.manifest.pack.name);
        if (!card) continue;
        card.querySelector(":scope > .problem")?.remove();
        if (pack.problem) card.querySelector(":scope > details").before(element("p", { class: "problem" }, pack.problem));
    }
}

/** @param {Uint8Array} bytes @param {string} file @param {boolean} builtin @param {boolean} on */
async function addPack(bytes, file, builtin, on = true) {
    try {
        const manifest = await engine.load(bytes, !builtin);
        const { name } = manifest.pack;
        const before = packs.findIndex((known) => known.manifest.pack.name === name);
        const known = packs[before];
        const pack = { manifest, bytes, builtin, on: known?.on ?? on, settings: known?.settings ?? {}, problem: null, open: known?.open ?? !builtin };
        if (known) packs[before] = pack;
        else packs.push(pack);
        if (known && known.manifest.module.sha256 !== manifest.module.sha256) engine.forget(known.manifest.module.sha256).catch(() => {});
        return pack;
    } catch (error) {
        const { message, hint, call } = /** @type {any} */ (error);
        banner(call !== undefined ? `${file} took too long to be looked at.` : `${file} is no pack that a server would take: ${message}${hint ? ` (${hint})` : ""}`);
        return null;
    }
}

// ---- lines ----

function drawSource() {
    const source = sources[current];
    const chooser = find("#source");
    chooser.hidden = sources.length < 2;
    fill(chooser, sources.map(({ name }, number) => element("option", { value: number }, `${number + 1}: ${name}`)));
    chooser.value = String(current);
    const text = find("#text");
    text.hidden = source.text === null;
    text.value = source.text ?? "";
    const large = find("#large");
    large.hidden = source.text !== null;
    large.textContent = source.bytes ? `${source.name}: ${size(source.bytes.length)}. It is too large to be edited here, or no text; its events are below.` : "";
    find("#format").value = source.format ?? "";
    find("#year").value = source.year ?? "";
    find("#timezone").value = source.timezone === "UTC" ? "" : (source.timezone ?? "");
}

/** A source of these bytes: a text that can be edited, if it is one. @param {string} name @param {Uint8Array} bytes */
function sourceOf(name, bytes) {
    if (bytes.length <= EDITABLE && !bytes.includes(13) && !bytes.includes(0)) {
        try {
            return newSource(name, new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
        } catch {
            // It stays as it is.
        }
    }
    return newSource(name, null, bytes);
}

/** @param {string} name @param {Uint8Array} bytes */
function setLines(name, bytes) {
    if (bytes.length > MOST) return banner(`${name} has ${size(bytes.length)}; here are at most ${size(MOST)}.`);
    const { format, year, timezone } = sources[current];
    sources[current] = { ...sourceOf(name, bytes), format, year, timezone };
    list.selected = -1;
    drawSource();
    return run();
}

/** @param {Blob & { name?: string }} file */
async function bytesOfFile(file) {
    let stream = file.stream();
    if (file.name?.endsWith(".gz")) stream = stream.pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Files that were chosen or dropped: packs, a case, or a log. @param {Iterable<File>} files */
async function take(files) {
    busy(1);
    let added = false;
    for (const file of files) {
        try {
            if (file.name.endsWith(".wasm")) added = Boolean(await addPack(await bytesOfFile(file), file.name, false)) || added;
            else if (file.name.endsWith(".case")) await openCase(file.name, await bytesOfFile(file));
            else await setLines(file.name, await bytesOfFile(file));
        } catch (error) {
            banner(`${file.name} cannot be read: ${/** @type {Error} */ (error).message}`);
        }
    }
    if (added) {
        drawPacks();
        await run();
    }
    busy(-1);
}

// ---- cases ----

/** @param {string} name @param {Uint8Array} file */
async function openCase(name, file) {
    try {
        const read = await engine.ask("readCase", { file });
        opened = { name, file, case: read };
        sources = read.lines.map((/** @type {Uint8Array} */ bytes, /** @type {number} */ number) => ({ ...sourceOf(`source ${number + 1}`, bytes), ...read.sources[number] }));
        current = 0;
        list.selected = -1;
        // A case is of the one pack that it lies beside: of those that are on, the one that takes its settings.
        const names = Object.keys(read.settings);
        const takes = (/** @type {any} */ pack) => names.every((name) => pack.manifest.settings.some((/** @type {any} */ setting) => setting.name === name));
        const own = packs.filter((pack) => pack.on && takes(pack));
        if (own.length === 1 || names.length > 0) own.slice(-1).forEach((pack) => (pack.settings = read.settings));
        drawPacks();
        drawSource();
        find("#save-why").value = read.why;
        find("#save-name").value = name.replace(/\.case$/, "").toLowerCase().replace(/[^a-z0-9-]+/g, "-") || "a-case";
        await run();
        tab("case");
    } catch (error) {
        banner(`${name} is no case: ${/** @type {Error} */ (error).message}`);
    }
}

/** Whether the case holds with one of the packs that are on; a stranger's own pack is tried first. */
async function checkCase() {
    if (!opened) return;
    const { name, file, case: read } = opened;
    find("#tab-case").hidden = false;
    /** @type {any} */ let shown = { name, why: read.why, pack: null, outcome: null };
    const candidates = [...packs].reverse().filter(({ on }) => on);
    for (const { manifest } of candidates) {
        try {
            const outcome = await engine.ask("runCase", { sha256: manifest.module.sha256, file });
            if (shown.outcome === null || outcome.holds) shown = { name, why: read.why, pack: manifest.pack.name, outcome };
            // What expects nothing holds with every pack that the lines do not concern.
            if (outcome.holds) break;
        } catch {
            // It does not take the case's settings.
        }
    }
    showCase(find("#panel-case"), shown);
}

function openSave() {
    const dialog = find("#save");
    const chooser = find("#save-pack");
    fill(chooser, packs.filter(({ on }) => on).map(({ manifest }) => element("option", { value: manifest.module.sha256 }, manifest.pack.name)));
    // The one that has decided most is most likely meant.
    const most = [...(report?.packs ?? [])].sort((a, b) => b.decisions - a.decisions)[0]?.pack;
    const meant = packs.find(({ manifest, on }) => on && manifest.pack.name === most);
    if (meant) chooser.value = meant.manifest.module.sha256;
    find("#save-problem").hidden = true;
    dialog.showModal();
}

/** @param {SubmitEvent} event */
async function save(event) {
    event.preventDefault();
    const problem = find("#save-problem");
    const pack = packs.find(({ manifest }) => manifest.module.sha256 === find("#save-pack").value);
    if (!pack) return;
    try {
        const file = await engine.ask("writeCase", {
            why: find("#save-why").value,
            sha256: pack.manifest.module.sha256,
            settings: pack.settings,
            sources: sources.map(setupOf),
            bytes: sources.map(bytesOf),
        });
        const url = URL.createObjectURL(new Blob([file], { type: "application/octet-stream" }));
        element("a", { href: url, download: `${find("#save-name").value}.case` }).click();
        setTimeout(() => URL.revokeObjectURL(url), 10_000);
        find("#save").close();
    } catch (error) {
        problem.hidden = false;
        problem.textContent = error instanceof Ended ? "The pack did not return." : /** @type {Error} */ (error).message;
        if (error instanceof Ended) ended(error);
    }
}

// ---- the page around it ----

/** @param {string} text */
function status(text) {
    find("#status").textContent = text;
}

/** @param {string} text */
function banner(text) {
    const made = element("p", { class: "banner bad" }, element("span", {}, text), element("button", { type: "button", class: "quiet", "aria-label": "Dismiss", onclick: () => made.remove() }, "×"));
    find("#banners").append(made);
    // The newest few are enough.
    while (find("#banners").childElementCount > 4) find("#banners").firstElementChild.remove();
}

/** @param {string} name */
function tab(name) {
    for (const button of find("#tabs").children) {
        const chosen = button.id === `tab-${name}`;
        button.setAttribute("aria-selected", String(chosen));
        button.tabIndex = chosen ? 0 : -1;
        find(`#${button.getAttribute("aria-controls")}`).hidden = !chosen;
    }
}

/** @param {KeyboardEvent} event */
function tabKey(event) {
    const tabs = [...find("#tabs").children].filter((button) => !button.hidden);
    const now = tabs.indexOf(document.activeElement);
    const to = { ArrowRight: now + 1, ArrowLeft: now - 1 + tabs.length, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined || now < 0) return;
    event.preventDefault();
    const next = tabs[to % tabs.length];
    tab(next.id.slice("tab-".length));
    next.focus();
}

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
    on("#text", "input", () => {
        sources[current].text = find("#text").value;
        changed();
    });
    on("#text", "paste", (event) => {
        const pasted = event.clipboardData?.getData("text/plain") ?? "";
        if (pasted.length <= EDITABLE) return;
        // A text field with megabytes in it is slow; the list below is not.
        event.preventDefault();
        setLines("pasted lines", new TextEncoder().encode(pasted));
    });
    on("#source", "change", () => {
        current = Number(find("#source").value);
        drawSource();
    });
    on("#format", "change", () => {
        sources[current].format = find("#format").value || null;
        changed();
    });
    on("#year", "input", () => {
        sources[current].year = find("#year").validity.valid && find("#year").value !== "" ? Number(find("#year").value) : null;
        changed();
    });
    on("#timezone", "input", () => {
        sources[current].timezone = find("#timezone").validity.valid ? find("#timezone").value || null : null;
        changed();
    });
    on("#which", "change", () => relist(false));
    on("#tabs", "click", (event) => event.target.id.startsWith("tab-") && tab(event.target.id.slice("tab-".length)));
    on("#tabs", "keydown", tabKey);
    on("#save-case", "click", openSave);
    on("#save form", "submit", save);
    on("#save-cancel", "click", () => find("#save").close());
    addEventListener("dragover", (event) => {
        event.preventDefault();
        document.body.classList.add("dropping");
    });
    addEventListener("dragleave", (event) => event.relatedTarget === null && document.body.classList.remove("dropping"));
    addEventListener("drop", (event) => {
        event.preventDefault();
        document.body.classList.remove("dropping");
        take([...(event.dataTransfer?.files ?? [])]);
    });
}

/** @param {string} path */
async function fetched(path) {
    const response = await fetch(path);
    if (!response.ok) throw new Error(`expected ${path}, found status ${response.status}`);
    return response;
}

async function begin() {
    listen();
    showNone(find("#why"));
    sources[0].text = SAMPLE;
    drawSource();
    try {
        const given = await (await fetched("given.json")).json();
        const strangers = given.packs.some((/** @type {any} */ { builtin }) => !builtin);
        const modules = await Promise.all(given.packs.map(async (/** @type {any} */ pack) => ({ ...pack, bytes: new Uint8Array(await (await fetched(pack.file)).arrayBuffer()) })));
        await engine.ready;
        for (const { file, bytes, builtin } of modules) await addPack(bytes, file, builtin, !builtin || !strangers);
        drawPacks();
        if (given.log) await setLines(given.log.name, new Uint8Array(await (await fetched(given.log.file)).arrayBuffer()));
        else await run();
    } catch (error) {
        status("it could not be loaded");
        banner(`The playground could not be loaded: ${/** @type {Error} */ (error).message}`);
    }
    performance.mark("ready");
    document.documentElement.dataset.ready = "true";
}

begin();
