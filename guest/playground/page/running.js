// @ts-check
/** A run: what is tried goes to the worker, what came of it is shown. A pack that does not return is off, the others go on. */
import { checkCase } from "./cases.js";
import { counted, duration, element, fill, find, size } from "./dom.js";
import { Ended, Engine } from "./engine.js";
import { around, relist } from "./events.js";
import { banner, busy, note, status, unsay } from "./frame.js";
import { showIncidents } from "./incidents.js";
import { drawPacks } from "./loading.js";
import { at, showCost, showDecisions } from "./outcome.js";
import { bytesOf, setupOf } from "./sources.js";
import { judging, nameOf, names, tried } from "./tried.js";
import { Unstartable } from "./workers.js";

/** @typedef {import("./tried.js").Pack} Pack */

export const engine = new Engine();

/** Milliseconds after the last letter that was typed. */
const PAUSE = 150;
let runs = 0;
/** @type {number | undefined} */
let pause;

/** Runs again when nothing was typed for a moment. */
export function changed() {
    if (pause === undefined) busy(1);
    clearTimeout(pause);
    pause = setTimeout(run, PAUSE);
}

export async function run() {
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

/** How far it is, and what keeps it, if anything does. */
let part = 0;
function showGoing() {
    const share = part >= 1 ? "all lines are read" : `${Math.floor(part * 100)} %`;
    const going = engine.going;
    if (going && going.lasts > 300) status(`running … ${share}; ${going.call.pack} ${doing(going.call)} for ${duration(going.lasts / 1000)}`);
    else if (part > 0) status(`running … ${share}${going && going.call.took > 500 ? `; ${going.call.pack} took ${duration(going.call.took / 1000)} in ${counted(going.call.calls, "call")}` : ""}`);
}

async function runNow() {
    const own = ++runs;
    const bytes = tried.sources.map(bytesOf);
    const setup = {
        packs: judging().map(({ manifest, settings }) => ({ sha256: manifest.module.sha256, settings })),
        sources: tried.sources.map(setupOf),
    };
    part = 0;
    status("running …");
    const progress = find("#progress");
    const showing = setInterval(() => own === runs && showGoing(), 200);
    try {
        const checked = engine.check(setup, bytes, (done) => {
            if (own !== runs) return;
            progress.hidden = false;
            progress.value = part = done;
            showGoing();
        });
        const answer = await checked.finally(() => clearInterval(showing));
        if (own !== runs || answer.replaced) return;
        progress.hidden = true;
        await showRun(answer, own);
        unsay("run");
    } catch (error) {
        if (error instanceof Ended) return ended(error);
        if (own !== runs) return;
        progress.hidden = true;
        failed(error);
    }
}

/** It could not be run; what is shown is of a run before. @param {unknown} error */
function failed(error) {
    const { message } = /** @type {Error} */ (error);
    status("it could not be run; below is what came before");
    if (error instanceof Unstartable) return unstartable(message);
    banner(`It could not be run: ${message}`, { about: "run" });
}

/** Said once, and tried again when somebody wants it. @param {string} why */
export function unstartable(why) {
    const again = element("button", {
        type: "button",
        onclick: async () => {
            unsay("worker");
            status("starting again …");
            busy(1);
            try {
                await engine.again();
                await run();
            } catch (error) {
                failed(error);
            } finally {
                busy(-1);
            }
        },
    }, "Try again");
    banner(`No worker can be started that runs packs: ${why}.`, { about: "worker", more: again });
}

/** @param {import("./engine.js").Call} call */
function doing({ what, batch, entries }) {
    switch (what) {
        case "start": return "starts";
        case "open": return "reads its settings";
        case "save": return "saves its state";
        default: return `judges its batch ${batch} of ${counted(entries, "entry", "entries")}`;
    }
}

/** @param {import("./engine.js").Call} call */
function did({ what, batch, entries, over, took, calls }) {
    if (over) return `took ${duration(took / 1000)} in ${counted(calls, "call")}, far more than a server gives it`;
    const where = { start: "started", open: "read its settings", check: `judged its batch ${batch} of ${counted(entries, "entry", "entries")}`, save: "saved its state" };
    return `did not return while it ${where[what]}`;
}

/** A pack did not return: it is off from now on, the others go on. @param {Ended} error @returns {Promise<void>} */
export function ended({ call }) {
    find("#progress").hidden = true;
    if (call) off(tried.packs.find((pack) => nameOf(pack) === call.pack), did(call));
    else {
        // Nobody can say whose patterns they are; a stranger's newest pack is the likeliest.
        const pack = [...judging()].reverse().find(({ builtin }) => !builtin);
        if (!pack) {
            status("it could not be run; below is what came before");
            banner("Matching these lines did not end within 30 s. It was ended.", { about: "run" });
            return Promise.resolve();
        }
        off(pack, "may be why matching these lines did not end within 30 s");
    }
    drawPacks();
    return run();
}

/** @param {Pack | undefined} pack @param {string} why */
function off(pack, why) {
    if (!pack?.on) return;
    pack.on = false;
    pack.problem = `It ${why}. Its worker was ended, and it is off.`;
    banner(`Pack ${nameOf(pack)} ${why}. It was ended, and the others go on without it.`);
}

/**
 * Asks for something of the last run; null if there is none any more, or what was asked has ended with a pack: whoever runs
 * it says so.
 * @param {string} what
 * @param {object} asked
 * @returns {Promise<any>}
 */
export async function ask(what, asked) {
    try {
        return await engine.ask(what, asked);
    } catch {
        return null;
    }
}

/** @param {{ report: import("./tripline.js").PageReport, problems: import("./tripline.js").PackProblem[], seconds: number, bytes: number }} answer @param {number} own */
async function showRun(answer, own) {
    const report = (tried.report = answer.report);
    for (const pack of tried.packs) {
        if (!pack.on) continue;
        const told = answer.problems.find(({ pack: name, sha256 }) => name === nameOf(pack) || sha256 === pack.manifest.module.sha256);
        pack.problem = pack.aside ? null : told ? `It does not judge: ${told.message}` : faulted(pack, report);
    }
    drawPacks();
    // Of a few lines a rate says nothing.
    const rate = report.lines >= 1000 ? `, ${counted(Math.round(report.lines / answer.seconds), "line")} a second` : "";
    status(`${counted(report.lines, "event")} of ${size(answer.bytes)} in ${duration(answer.seconds)}${rate}`);
    const worst = report.incidents[0]?.severity;
    const faults = report.faults.length > 0 ? `; ${counted(report.faults.length, "fault")}` : "";
    fill(find("#summary"), `${counted(report.incident_count, "incident")}${worst ? `, the worst ${worst}` : ""}; ${counted(report.decision_count, "decision")}; ${counted(report.matches, "match", "matches")}${faults}`);
    fill(find("#tab-events"), `Events (${report.rows.toLocaleString("en")})`);
    fill(find("#tab-incidents"), `Incidents (${report.incident_count.toLocaleString("en")})`);
    fill(find("#tab-decisions"), `Decisions (${report.decision_count.toLocaleString("en")})`);
    fill(find("#tab-cost"), `Cost and limits${report.faults.length > 0 ? ` (${counted(report.faults.length, "fault")})` : ""}`);
    noteSettings();
    note("slow", report.packs.filter((pack) => (pack.calls?.over ?? 0) > 0).map(slow));
    showIncidents(find("#panel-incidents"), report, around);
    showDecisions(find("#panel-decisions"), report, around);
    showCost(find("#panel-cost"), report, around);
    await relist(true);
    if (own === runs) await checkCase();
}

/** Settings that are wrong in a form are not those that packs have. */
export function noteSettings() {
    note("settings", judging().flatMap((pack) => [...pack.wrong.values()].map((wrong) => `${nameOf(pack)}, ${wrong}.`)));
}

/** @param {import("./tripline.js").PackReport} report */
function slow({ pack, calls }) {
    return `${pack}: ${counted(calls?.over ?? 0, "call")} of ${counted(calls?.count ?? 0, "call")} took longer here than the CPU time that a server gives it; there it may get a fault.`;
}

/** What a pack's faults are on its card. @param {Pack} pack @param {import("./tripline.js").PageReport} report */
function faulted(pack, report) {
    const own = report.faults.filter((fault) => fault.pack === nameOf(pack));
    if (own.length === 0) return null;
    const { message, at: place, quarantined } = own[own.length - 1];
    return `${counted(own.length, "fault")}. The last: ${message}${place ? ` (at ${at(names(), place)})` : ""}${quarantined ? "; it is out" : ""}`;
}
