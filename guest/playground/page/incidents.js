// @ts-check
/** Incidents, as a server would open them. What is opened here stays open while lines are edited. */
import { badge, counted, element, fill, shownTime } from "./dom.js";
import { showMail } from "./mail.js";
import { link, some } from "./outcome.js";

/** @typedef {import("./outcome.js").Around} Around */
/** @typedef {import("./tripline.js").Incident} Incident */

/** What is open, with what it shows until there is something newer. @type {Map<string, any>} */
const opened = new Map();

/** @param {Incident} incident */
const key = ({ pack, rule, fingerprint }) => JSON.stringify([pack, rule, fingerprint]);

/** @param {HTMLElement} panel @param {import("./tripline.js").PageReport} report @param {Around} around */
export function showIncidents(panel, report, around) {
    const { incidents, incident_count: count } = report;
    const there = new Set(incidents.map(key));
    for (const known of opened.keys()) if (!there.has(known)) opened.delete(known);
    fill(
        panel,
        element("p", { class: "hint" }, count === 0 ? "No incident: no rule decided anything." : "As a server would open them, the worst first."),
        some(element("ul", { class: "cards" }), incidents, (incident, number) => card(incident, number, around)),
        count > incidents.length && element("p", { class: "hint" }, `${counted(count - incidents.length, "incident")} more are not listed.`),
    );
}

/** @param {Incident} incident @param {number} number @param {Around} around */
function card(incident, number, around) {
    const known = key(incident);
    const load = async () => {
        const body = opened.get(known) ?? element("div", { class: "incident" }, "…");
        opened.set(known, body);
        details.append(body);
        const found = await around.incident(number);
        // Another run may have put it into another card.
        if (found && key(found.incident) === known && details.contains(body)) fill(body, whole(found, around));
    };
    const details = element(
        "details",
        {
            open: opened.has(known),
            ontoggle: () => {
                if (!details.open) opened.delete(known);
                else if (details.childElementCount === 1) load();
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
    if (details.open) load();
    return element("li", { class: "card" }, details);
}

/** @param {{ incident: Incident, mail: import("./tripline.js").Mail }} known @param {Around} around */
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
