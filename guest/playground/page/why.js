// @ts-check
/** One event: its decoded fields, what matched in it, and why packs were woken or not. */
import { badge, element, fill, marked, shownTime } from "./dom.js";
import { faultText } from "./outcome.js";

/** @param {HTMLElement} box */
export function showNone(box) {
    fill(box, element("p", { class: "hint" }, "Choose an event to see its fields, what matched, and why packs were woken or not."));
}

/**
 * @param {HTMLElement} box
 * @param {import("./tripline.js").Why} why
 * @param {boolean} several
 */
export function showWhy(box, why, several) {
    const place = several ? `${why.source_number + 1}.${why.line}` : why.line;
    fill(box, 
        element("h3", {}, `Line ${place}`),
        element("pre", { class: "line", tabindex: "0", "aria-label": "The line" }, why.lines.flatMap((line, i) => [...(i ? ["\n"] : []), ...marked(line)])),
        why.cut && element("p", { class: "hint" }, "It is longer than what is shown."),
        why.decided.map(({ severity, title, rule }) => element("p", { class: "decided" }, badge(severity), " ", title, element("code", {}, rule))),
        why.faults.map((fault) => element("p", { class: "problem" }, `Pack ${fault.pack} failed on it: `, faultText(fault, null))),
        packs(why),
        fields(why),
    );
    box.scrollTop = 0;
}

/** @param {import("./tripline.js").Why} why */
function fields(why) {
    const { kind, product, service, category } = why.source;
    const source = [product, service, category].filter((part) => part !== null).join(" / ") || "unknown";
    const rows = [
        ["time", shownTime(why.time), ""],
        ["format", why.format, ""],
        ["log source", kind === "scan" ? `scan: ${source}` : source, ""],
        ["message", why.message ?? "none", why.message === null ? "none" : ""],
    ];
    return element(
        "details",
        { open: true },
        element("summary", {}, "Decoded"),
        element(
            "table",
            { class: "fields" },
            element("tbody", {}, [
                ...rows.map(([name, value, none]) => element("tr", {}, element("th", { scope: "row", class: "own" }, name), element("td", { class: none }, value))),
                ...why.fields.map(({ name, value, type }) =>
                    element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, value, type === "text" ? "" : element("small", {}, ` ${type}`))),
                ),
            ]),
        ),
    );
}

/** @param {import("./tripline.js").Why} why */
function packs(why) {
    return why.packs.map((pack) => {
        const matching = pack.patterns.filter(({ state }) => state === "matches");
        const others = pack.patterns.filter(({ state }) => state !== "matches");
        return element(
            "details",
            { open: pack.woken || why.packs.length === 1, class: "pack-why" },
            element("summary", {}, element("b", {}, pack.pack), element("span", { class: pack.woken ? "woken" : "asleep" }, verdict(pack))),
            element("ul", { class: "patterns" }, matching.map(match)),
            reasons(pack),
            others.length > 0 &&
                pack.patterns.length > 0 &&
                element(
                    "details",
                    {},
                    element("summary", {}, `${others.length} of ${pack.patterns.length} patterns do not match`),
                    element("ul", { class: "patterns" }, others.map((pattern) => element("li", {}, element("code", {}, pattern.name), " ", reason(pattern)))),
                ),
        );
    });
}

/** @param {any} pack */
function verdict(pack) {
    if (pack.suspended) return "suspended: its patterns took too much time";
    if (!pack.takes) return "not woken: it is for other log sources";
    if (pack.woken) return pack.every_event ? "handed every event" : "woken";
    return "not woken";
}

/** Which entries of wakes_on hold, and what is missing for the others. @param {any} pack */
function reasons(pack) {
    if (pack.wakes.length === 0 || !pack.takes) return null;
    const byName = new Map(pack.patterns.map((/** @type {any} */ pattern) => [pattern.name, pattern]));
    const holding = pack.wakes.filter((/** @type {any} */ wake) => wake.holds);
    const shown = pack.woken ? holding : pack.wakes;
    const list = shown.map((/** @type {any} */ { holds, all, none }) => {
        const missing = all.filter((/** @type {any} */ [, matches]) => !matches).map((/** @type {any} */ [name]) => [
            element("code", {}, name),
            ` ${reason(byName.get(name))}`,
        ]);
        const forbidden = none.filter((/** @type {any} */ [, matches]) => matches).map((/** @type {any} */ [name]) => [
            element("code", {}, name),
            " matches, and must not",
        ]);
        const entry = [...all.map((/** @type {any} */ [name]) => name), ...none.map((/** @type {any} */ [name]) => `not ${name}`)].join(" and ");
        const failed = [...missing, ...forbidden];
        return element(
            "li",
            { class: holds ? "holds" : "fails" },
            element("span", { "aria-hidden": "true" }, holds ? "✓ " : "✗ "),
            element("code", {}, entry),
            holds ? " holds" : [": ", ...failed.flatMap((parts, i) => (i ? ["; ", ...parts] : parts))],
        );
    });
    return element("div", { class: "wakes" }, element("p", {}, pack.woken ? "It is woken by:" : "It would be woken by any of these:"), element("ul", {}, list));
}

/** @param {any} pattern */
function match({ name, field, captures, entry, cut, colour }) {
    const taken = captures.filter((/** @type {any} */ [, text]) => text !== null);
    return element(
        "li",
        {},
        element("span", { "aria-hidden": "true" }, "✓ "),
        element("code", {}, name),
        " matches",
        field === null ? "" : [" in field ", element("code", {}, field)],
        entry === null ? "" : `, by entry ${entry} of its list`,
        cut ? ", of which only the beginning was searched" : "",
        taken.length > 0 &&
            element(
                "dl",
                { class: "captures" },
                taken.map((/** @type {any} */ [group, text]) => [
                    element("dt", {}, group),
                    element("dd", {}, marked([[text, `${name} ${group}`, colour]])),
                ]).flat(),
            ),
    );
}

/** Why a pattern does not match. @param {any} pattern */
function reason(pattern) {
    switch (pattern?.state) {
        case "no-literal": {
            const { literals, more } = pattern;
            if (literals.length === 0) return "has an empty list";
            const texts = literals.map((/** @type {string} */ text) => `“${text}”`).join(", ");
            const all = more > 0 ? `${texts} and ${more} more` : texts;
            return literals.length + more === 1 ? `needs ${all}, which the line does not have` : `needs one of ${all}, and the line has none`;
        }
        case "no-value":
            return pattern.field === null ? "looks at the message, and there is none" : `looks at the field ${pattern.field}, and there is none`;
        case "differs":
            return pattern.field === null ? "was tried on the message and does not match" : `was tried on the field ${pattern.field} and does not match`;
        default:
            return "matches";
    }
}
