// @ts-check
/** What came of a run: decisions, what it cost, and which limits hold here. */
import { badge, counted, duration, element, fill, shownTime, size } from "./dom.js";

/** @typedef {import("./tripline.js").PageReport} PageReport */
/** @typedef {{ names: string[], goTo: (place: import("./tripline.js").Place) => void, incident: (number: number) => Promise<any> }} Around */

/** Where an event stands, in words. @param {string[]} names @param {import("./tripline.js").Place} place */
export function at(names, { source, line }) {
    return names.length > 1 ? `${names[source] ?? source + 1}:${line}` : `line ${line}`;
}

/** Cards that are made at once: thousands of them take a second. */
const SOME = 200;

/**
 * A list of the first few; of the others when they are asked for.
 * @template T
 * @param {any} into
 * @param {T[]} all
 * @param {(one: T, number: number) => any} made
 */
export function some(into, all, made) {
    const more = element("button", {
        type: "button",
        onclick: () => {
            const there = into.childElementCount;
            into.append(...all.slice(there, there + SOME).map((one, number) => made(one, there + number)));
            label();
            into.children[there].querySelector("summary, button")?.focus();
        },
    });
    const label = () => {
        const left = all.length - into.childElementCount;
        more.hidden = left <= 0;
        fill(more, `Show ${Math.min(SOME, left)} more of ${counted(left, "that is", "that are")} left`);
    };
    into.append(...all.slice(0, SOME).map(made));
    label();
    return [into, more];
}

/** @param {import("./tripline.js").Place} place @param {Around} around */
export function link(place, around) {
    return element("button", { type: "button", class: "link", onclick: () => around.goTo(place) }, at(around.names, place));
}

/** @param {HTMLElement} panel @param {PageReport} report @param {Around} around */
export function showDecisions(panel, report, around) {
    const { decisions, decision_count: count } = report;
    fill(panel, 
        count === 0
            ? element("p", { class: "hint" }, "No rule decided anything.")
            : element("p", { class: "hint" }, `In the order of each pack. SHA-256 of all, as cases write them: `, element("code", { class: "digest" }, report.decisions_sha256)),
        some(element("ol", { class: "cards decisions" }), decisions, (decision) => card(decision, around)),
        count > decisions.length && element("p", { class: "hint" }, `${counted(count - decisions.length, "decision")} more are not listed.`),
    );
}

/** @param {import("./tripline.js").Decision} decision @param {Around} around */
function card(decision, around) {
    const { pack, rule, severity, title, summary, at: trigger, time, evidence, evidence_dropped: dropped, values } = decision;
    return element(
        "li",
        { class: "card" },
        element("p", {}, badge(severity), element("b", {}, title), element("code", {}, `${pack}/${rule}`)),
        summary && element("p", {}, summary),
        element(
            "p",
            { class: "hint" },
            trigger === null ? `set off by a tick at ${shownTime(time)}` : ["set off by ", link(trigger, around)],
            evidence.length > 0 ? ["; evidence: ", ...evidence.flatMap((place, i) => (i ? [", ", link(place, around)] : [link(place, around)]))] : "",
            dropped > 0 ? ` and ${dropped} more` : "",
        ),
        values.length > 0 && element("p", { class: "chips" }, values.map(([name, value]) => element("span", { class: "chip" }, `${name}: ${value}`))),
    );
}

/** A server's limits, in words, and what becomes of each here. */
const LIMITS = /** @type {[keyof PageReport["enforced"], string, string][]} */ ([
    ["wall", "how long a call may take", "a call that does not return within 2 s is ended with its worker, and so is a pack whose calls together take far longer than a server gives them"],
    ["cpu", "CPU time of a call: 50 ms, and 20 µs for each event", "no page can measure it; calls that took longer by the clock are counted"],
    ["memory", "memory: 64 MiB", "a server refuses a pack more, and the pack may go on without; here it gets it, which is a fault behind the call"],
    ["table", "table elements: 20,000", "a module that asks for more at its start is refused; later it gets them, where a server refuses them"],
    ["stack", "stack: 512 KiB", "the browser has a limit of its own"],
]);

/** @param {HTMLElement} panel @param {PageReport} report @param {Around} around */
export function showCost(panel, report, around) {
    const number = (/** @type {number} */ count) => count.toLocaleString("en");
    const head = ["pack", "events", "matches", "batches", "calls", "each call", "longest", "in all", "matching", "memory", "state"];
    const rows = report.packs.map((pack) => {
        const calls = pack.calls ?? { count: 0, total_seconds: 0, longest_seconds: 0, over: 0, each: [] };
        return [
            `${pack.pack} ${pack.version}`,
            number(pack.events),
            number(pack.matches),
            number(pack.batches),
            number(calls.count),
            calls.count > 0 ? duration(calls.total_seconds / calls.count) : "–",
            calls.count > 0 ? duration(calls.longest_seconds) : "–",
            pack.starts > 0 ? duration(pack.seconds) : "–",
            pack.events > 0 ? duration(pack.match_seconds) : "–",
            pack.memory > 0 ? size(pack.memory) : "not started",
            pack.state_bytes === null ? (pack.events > 0 ? "saves none" : "–") : size(pack.state_bytes),
        ];
    });
    fill(panel, 
        element(
            "div",
            { class: "wide", tabindex: "0", role: "region", "aria-label": "Cost of each pack" },
            element(
                "table",
                { class: "cost" },
                element("thead", {}, element("tr", {}, head.map((name) => element("th", { scope: "col" }, name)))),
                element("tbody", {}, rows.map(([name, ...cells]) => element("tr", {}, element("th", { scope: "row" }, name), cells.map((cell) => element("td", {}, cell))))),
            ),
        ),
        report.faults.length > 0 && element("p", { class: "hint" }, "Behind a fault, batches are judged again, in halves, until the event that it is due to stands alone: there are more calls than batches."),
        report.packs.filter((pack) => (pack.calls?.each.length ?? 0) > 1).map(batches),
        element("h3", {}, "Limits"),
        element(
            "ul",
            { class: "limits" },
            LIMITS.map(([key, limit, here]) => {
                const holds = report.enforced[key];
                return element("li", { class: holds ? "holds" : "fails" }, element("b", {}, limit), ": ", holds ? "enforced here; " : element("span", { class: "not-enforced" }, "not enforced here"), holds ? here : `; ${here}`);
            }),
        ),
        report.faults.length > 0 && [
            element("h3", {}, "Faults"),
            element(
                "ul",
                { class: "faults" },
                report.faults.map(hintedOnce).map((fault) => element("li", {}, element("code", {}, `${fault.pack}${fault.rule ? `/${fault.rule}` : ""}`), " ", element("span", { class: "chip" }, fault.fault), " ", faultText(fault, around))),
            ),
        ],
        report.logs.length > 0 && [
            element("h3", {}, "What packs logged"),
            element("ul", { class: "logs" }, report.logs.slice(0, 500).map(({ pack, level, text }) => element("li", {}, element("code", {}, pack), ` ${level} `, element("span", { class: "log" }, text)))),
        ],
    );
}

/** The same advice again and again is none. @param {import("./tripline.js").Fault} fault @param {number} number @param {import("./tripline.js").Fault[]} all */
function hintedOnce(fault, number, all) {
    const said = all.slice(0, number).some(({ pack, hint }) => pack === fault.pack && hint === fault.hint);
    return said ? { ...fault, hint: null } : fault;
}

/** What a fault was, where, and what may be done about it. @param {import("./tripline.js").Fault} fault @param {Around | null} around */
export function faultText({ message, hint, at: place, quarantined, state_lost: lost }, around) {
    const sized = message.replace(/\b[0-9]{5,}(?= bytes)/g, (bytes) => size(Number(bytes))).replace(/ bytes of memory, the limit is ([0-9]+)$/, (_, limit) => ` of memory, the limit is ${size(Number(limit))}`);
    return [
        sized,
        place && (around ? [" (", link(place, around), " is skipped)"] : "; this event is skipped"),
        quarantined && "; the pack is out",
        lost && "; what it remembered is lost",
        hint && element("small", {}, ` hint: ${hint}`),
    ];
}

/** Time of each batch, as bars. @param {import("./tripline.js").PackReport} pack */
function batches(pack) {
    const each = (pack.calls?.each ?? []).slice(0, 400);
    const longest = Math.max(...each.map(([, seconds]) => seconds), 1e-6);
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    // Few batches are no wide bars.
    svg.setAttribute("viewBox", `0 0 ${Math.max(each.length, 60) * 4} 40`);
    svg.setAttribute("class", "bars");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `Time of each of ${each.length} calls of ${pack.pack}, the longest ${duration(longest)}`);
    each.forEach(([, seconds], number) => {
        const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
        const height = Math.max(1, (seconds / longest) * 40);
        for (const [key, value] of Object.entries({ x: number * 4, y: 40 - height, width: 3, height })) bar.setAttribute(key, String(value));
        svg.append(bar);
    });
    return element("figure", {}, svg, element("figcaption", {}, `${pack.pack}: time of ${pack.calls && pack.calls.count > each.length ? `the first ${each.length} calls` : "each call"} with a batch`));
}
