// @ts-check
/** What came of a run: incidents, decisions, what it cost, and which limits hold here. */
import { badge, counted, duration, element, fill, shownTime, size } from "./dom.js";
import { showMail } from "./mail.js";

/** @typedef {import("./tripline.js").PageReport} PageReport */
/** @typedef {{ names: string[], goTo: (place: import("./tripline.js").Place) => void, incident: (number: number) => Promise<any> }} Around */

/** Where an event stands, in words. @param {string[]} names @param {import("./tripline.js").Place} place */
export function at(names, { source, line }) {
    return names.length > 1 ? `${names[source] ?? source + 1}:${line}` : `line ${line}`;
}

/** @param {HTMLElement} panel @param {PageReport} report @param {Around} around */
export function showIncidents(panel, report, around) {
    const { incidents, incident_count: count } = report;
    fill(panel, 
        count === 0 ? element("p", { class: "hint" }, "No incident: no rule decided anything.") : element("p", { class: "hint" }, "As a server would open them, the worst first."),
        element("ul", { class: "cards" }, incidents.map((incident, number) => card(incident, number, around))),
        count > incidents.length && element("p", { class: "hint" }, `${counted(count - incidents.length, "incident")} more are not listed.`),
    );
}

/** @param {import("./tripline.js").Incident} incident @param {number} number @param {Around} around */
function card(incident, number, around) {
    const details = element(
        "details",
        {
            ontoggle: async () => {
                if (!details.open || details.childElementCount > 1) return;
                const body = element("div", { class: "incident" }, "…");
                details.append(body);
                const known = await around.incident(number);
                if (known) fill(body, whole(known, around));
            },
        },
        element(
            "summary",
            {},
            badge(incident.severity),
            element("span", { class: "incident-title" }, incident.title),
            element("span", { class: "count" }, incident.count === 1 ? "once" : `${incident.count.toLocaleString("en")} times`),
            element("code", {}, `${incident.pack}/${incident.rule}`),
        ),
    );
    return element("li", { class: "card" }, details);
}

/** @param {{ incident: import("./tripline.js").Incident, mail: import("./tripline.js").Mail }} known @param {Around} around */
function whole({ incident, mail }, around) {
    const rows = [...incident.values, ["first", shownTime(incident.first)], ["last", shownTime(incident.last)], ["fingerprint", incident.fingerprint ?? "none: same rule and source"]];
    return [
        incident.summary && element("p", {}, incident.summary),
        element("table", { class: "fields" }, element("tbody", {}, rows.map(([name, value]) => element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, value))))),
        element("h3", {}, "Evidence"),
        element(
            "ul",
            { class: "evidence" },
            incident.evidence.map((one) => element("li", {}, link(one, around), element("code", {}, one.text ?? "no longer kept"), one.cut ? " …" : "")),
        ),
        incident.evidence_dropped > 0 && element("p", { class: "hint" }, `${counted(incident.evidence_dropped, "event")} more are not kept.`),
        element("h3", {}, "The mail that tells of it"),
        showMail(mail),
    ];
}

/** @param {import("./tripline.js").Place} place @param {Around} around */
function link(place, around) {
    return element("button", { type: "button", class: "link", onclick: () => around.goTo(place) }, at(around.names, place));
}

/** @param {HTMLElement} panel @param {PageReport} report @param {Around} around */
export function showDecisions(panel, report, around) {
    const { decisions, decision_count: count } = report;
    fill(panel, 
        count === 0
            ? element("p", { class: "hint" }, "No rule decided anything.")
            : element("p", { class: "hint" }, `In the order of each pack. SHA-256 of all, as cases write them: `, element("code", { class: "digest" }, report.decisions_sha256)),
        element(
            "ol",
            { class: "cards decisions" },
            decisions.map((decision) =>
                element(
                    "li",
                    { class: "card" },
                    element("p", {}, badge(decision.severity), element("b", {}, decision.title), element("code", {}, `${decision.pack}/${decision.rule}`)),
                    decision.summary && element("p", {}, decision.summary),
                    element(
                        "p",
                        { class: "hint" },
                        decision.at === null ? `set off by a tick at ${shownTime(decision.time)}` : ["set off by ", link(decision.at, around)],
                        decision.evidence.length > 0 ? ["; evidence: ", ...decision.evidence.flatMap((place, i) => (i ? [", ", link(place, around)] : [link(place, around)]))] : "",
                        decision.evidence_dropped > 0 ? ` and ${decision.evidence_dropped} more` : "",
                    ),
                    decision.values.length > 0 && element("p", { class: "chips" }, decision.values.map(([name, value]) => element("span", { class: "chip" }, `${name}: ${value}`))),
                ),
            ),
        ),
        count > decisions.length && element("p", { class: "hint" }, `${counted(count - decisions.length, "decision")} more are not listed.`),
    );
}

/** A server's limits, in words, and what becomes of each here. */
const LIMITS = /** @type {[keyof PageReport["enforced"], string, string][]} */ ([
    ["wall", "how long a call may take", "a call that does not return within 2 s is ended with its worker"],
    ["cpu", "CPU time of a call", "no page can measure it"],
    ["memory", "memory: 64 MiB", "it is looked at behind each call, and what is over it is a fault then"],
    ["table", "table elements: 20,000", "a module that asks for more at its start is refused"],
    ["stack", "stack: 512 KiB", "the browser has a limit of its own"],
]);

/** @param {HTMLElement} panel @param {PageReport} report @param {string[]} names */
export function showCost(panel, report, names) {
    const number = (/** @type {number} */ count) => count.toLocaleString("en");
    const head = ["pack", "events", "matches", "batches", "each batch", "longest", "in all", "matching", "memory", "state"];
    const rows = report.packs.map((pack) => {
        const calls = pack.calls ?? { count: 0, total_seconds: 0, longest_seconds: 0, each: [] };
        return [
            `${pack.pack} ${pack.version}`,
            number(pack.events),
            number(pack.matches),
            number(pack.batches),
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
                report.faults.map((fault) =>
                    element("li", {}, element("code", {}, `${fault.pack}${fault.rule ? `/${fault.rule}` : ""}`), " ", element("span", { class: "chip" }, fault.fault), ` ${fault.message}`, fault.at ? ` (${at(names, fault.at)} is skipped)` : "", fault.quarantined ? "; the pack is out" : ""),
                ),
            ),
        ],
        report.logs.length > 0 && [
            element("h3", {}, "What packs logged"),
            element("ul", { class: "logs" }, report.logs.slice(0, 500).map(({ pack, level, text }) => element("li", {}, element("code", {}, pack), ` ${level} `, element("span", { class: "log" }, text)))),
        ],
    );
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
    svg.setAttribute("aria-label", `Time of each of ${each.length} batches of ${pack.pack}, the longest ${duration(longest)}`);
    each.forEach(([, seconds], number) => {
        const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
        const height = Math.max(1, (seconds / longest) * 40);
        for (const [key, value] of Object.entries({ x: number * 4, y: 40 - height, width: 3, height })) bar.setAttribute(key, String(value));
        svg.append(bar);
    });
    return element("figure", {}, svg, element("figcaption", {}, `${pack.pack}: time of each batch`));
}

/** @param {HTMLElement} panel @param {{ name: string, why: string, pack: string | null, outcome: any }} opened */
export function showCase(panel, { name, why, pack, outcome }) {
    const texts = (/** @type {string} */ title, /** @type {string} */ text) => element("div", {}, element("h3", {}, title), element("pre", { tabindex: "0", "aria-label": title }, text || "nothing is decided"));
    fill(panel, 
        element("p", {}, element("b", {}, name), ": ", why),
        outcome === null
            ? element("p", { class: "hint" }, "No pack is on that it could be of.")
            : outcome.holds
              ? element("p", { class: "good" }, `It holds with ${pack}, in batches of every size.`)
              : element("div", {}, element("p", { class: "problem" }, `It does not hold with ${pack}${outcome.batch < 4294967295 ? `, in batches of ${outcome.batch}` : ""}.`), element("div", { class: "split" }, texts("Expected", outcome.expected), texts("Found", outcome.found))),
    );
}
