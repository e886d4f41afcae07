// @ts-check
/** The packs at hand: which are on, what they say of themselves, their settings. */
import { badge, element, fill, size } from "./dom.js";
import { settingsForm } from "./settings.js";

/**
 * @typedef {import("./tried.js").Pack} Pack
 * @typedef {{ changed: () => void, removed: (pack: Pack) => void }} Told
 */

/**
 * Cards that are shown, and of what: forms that somebody types into stay while anything else changes.
 * @type {WeakMap<Pack, { made: any, manifest: any, settings: any }>}
 */
const cards = new WeakMap();

/**
 * @param {HTMLElement} list
 * @param {Pack[]} packs
 * @param {Told} told
 */
export function showPacks(list, packs, told) {
    const wanted = packs.map((pack) => {
        const known = cards.get(pack);
        const settings = JSON.stringify(pack.settings);
        if (known && known.manifest === pack.manifest && known.settings === settings) return known.made;
        const made = card(pack, told);
        cards.set(pack, { made, manifest: pack.manifest, settings });
        return made;
    });
    const there = [...list.children];
    // What is moved in the page loses its focus.
    if (there.length !== wanted.length || there.some((made, number) => made !== wanted[number])) list.replaceChildren(...wanted);
    for (const pack of packs) showState(cards.get(pack)?.made, pack);
}

/** What changes with each run. @param {any} made @param {Pack} pack */
function showState(made, pack) {
    const on = made.querySelector("input");
    on.checked = pack.on && !pack.aside;
    on.disabled = pack.aside;
    made.classList.toggle("aside", pack.aside);
    const said = [pack.problem, ...pack.wrong.values()].filter((text) => text !== null);
    fill(
        made.querySelector(":scope > .said"),
        said.map((text) => element("p", { class: "problem" }, text)),
        pack.aside && element("p", { class: "hint" }, "It has no part in the case that is open."),
        pack.instead && element("p", { class: "hint" }, `It has taken the place of the built-in ${pack.manifest.pack.name}, which is back when this one is removed.`),
    );
}

/** @param {Pack} pack @param {Told} told */
function card(pack, told) {
    const { pack: about, rules, settings } = pack.manifest;
    const id = `pack-${about.name}`;
    const on = element("input", {
        type: "checkbox",
        id,
        onchange: () => {
            pack.on = on.checked;
            pack.problem = null;
            told.changed();
        },
    });
    const details = element(
        "details",
        {
            open: pack.open,
            ontoggle: () => {
                pack.open = details.open;
                // Made when it is looked at: a manifest may have two thousand patterns.
                if (details.open && details.childElementCount === 1) details.append(...manifest(pack, told));
            },
        },
        element("summary", {}, `${rules.length} ${rules.length === 1 ? "rule" : "rules"}, ${settings.length} ${settings.length === 1 ? "setting" : "settings"}`),
    );
    return element(
        "li",
        { class: "card", "data-pack": about.name },
        element(
            "div",
            { class: "pack-head" },
            on,
            element("label", { for: id }, about.name, " ", element("small", {}, about.version)),
            pack.builtin ? element("span", { class: "chip" }, "built in") : element("button", { type: "button", class: "quiet", "aria-label": `Remove ${about.name}`, onclick: () => told.removed(pack) }, "×"),
        ),
        about.description && element("p", {}, about.description),
        element("div", { class: "said" }),
        details,
    );
}

/** @param {Pack} pack @param {{ changed: () => void }} told */
function manifest(pack, told) {
    const shown = pack.manifest;
    const { name } = shown.pack;
    const change = (/** @type {Record<string, any>} */ settings, /** @type {Map<string, string>} */ wrong) => {
        [pack.settings, pack.wrong, pack.problem] = [settings, wrong, null];
        // The form has them already.
        const known = cards.get(pack);
        if (known) known.settings = JSON.stringify(settings);
        told.changed();
    };
    return [
        part("Settings", shown.settings.length > 0 ? settingsForm(shown.settings, pack.settings, change, `setting-${name}`) : "It has none.", true),
        part("Rules", element("ul", { class: "rules" }, shown.rules.map(rule)), true),
        part(`Patterns (${shown.patterns.length})`, element("ul", { class: "patterns" }, shown.patterns.map(pattern)), false),
        part("Woken by", wakes(shown), false),
        part("The module", about(shown), false),
    ];
}

/** @param {string} title @param {Node | string} body @param {boolean} open */
function part(title, body, open) {
    return element("details", { class: "part", open }, element("summary", {}, title), body);
}

/** @param {any} rule */
function rule({ id, title, description, severity, tags, references, false_positives, status, dedupe_window }) {
    const attack = tags.map((/** @type {string} */ tag) => element("span", { class: "chip", title: tag }, tag.startsWith("attack.") ? `ATT&CK ${tag.slice(7).toUpperCase()}` : tag));
    return element(
        "li",
        {},
        element("p", {}, badge(severity), " ", element("b", {}, title), " ", element("code", {}, id), status === "stable" ? "" : ` (${status})`),
        description && element("p", {}, description),
        attack.length > 0 && element("p", { class: "chips" }, attack),
        false_positives.length > 0 && element("p", { class: "hint" }, `May also be: ${false_positives.join("; ")}.`),
        dedupe_window !== null && element("p", { class: "hint" }, `Equal decisions within ${dedupe_window} s are one incident.`),
        references.length > 0 && element("p", { class: "hint" }, `See ${references.join(", ")}`),
    );
}

/** @param {any} pattern */
function pattern(pattern) {
    const kind = ["regex", "contains", "equals", "starts_with", "ends_with", "cidr", "compare", "exists"].find((kind) => kind in pattern) ?? "regex";
    const wanted = pattern[kind];
    const from = wanted !== null && typeof wanted === "object" && "setting" in wanted;
    const text = from ? `the setting ${String(wanted.setting).replace(/^\//, "")}` : Array.isArray(wanted) ? wanted.join("\n") : String(wanted);
    return element(
        "li",
        {},
        element("p", {}, element("code", {}, pattern.name), ` ${kind.replace("_", " ")}`, pattern.field === null ? "" : ` in field ${pattern.field}`, pattern.case_insensitive ? ", in either case" : ""),
        from ? element("p", { class: "hint" }, text) : element("pre", { tabindex: "0", "aria-label": `Pattern ${pattern.name}` }, text),
    );
}

/** @param {any} shown */
function wakes({ every_event, wakes_on, sources, tick, patterns_without_literals }) {
    const entry = (/** @type {any} */ { all, none }) => [...all, ...none.map((/** @type {string} */ name) => `not ${name}`)].join(" and ");
    const source = (/** @type {any} */ { kind, product, service, category }) => [kind, product, service, category].filter(Boolean).join(" / ");
    return element(
        "div",
        {},
        element("p", {}, sources.length > 0 ? `Log sources: ${sources.map(source).join(", ")}.` : "Any log source."),
        every_event ? element("p", {}, "It is handed every event of them: each one costs a call's share.") : element("ul", {}, wakes_on.map((/** @type {any} */ wake) => element("li", {}, element("code", {}, entry(wake))))),
        tick !== null && element("p", {}, `It asks for a tick each ${tick} s of event time.`),
        patterns_without_literals.length > 0 && element("p", { class: "hint" }, `No text stands in every match of ${patterns_without_literals.join(", ")}: every line is decoded and searched for it.`),
    );
}

/** @param {any} shown */
function about({ pack, module, abi, saves_state, fields, raw }) {
    const rows = [
        ["authors", pack.authors.join(", ") || "nobody said"],
        ["licence", pack.licence || "not said"],
        ["homepage", pack.homepage || "none"],
        ["size", size(module.bytes)],
        ["SHA-256", module.sha256],
        ["imports", module.imports.join(", ") || "nothing"],
        ["ABI", abi.version],
        ["state", saves_state ? "it saves its state" : "it starts empty after a restart"],
        ["wants", [...(raw ? ["the raw line"] : []), ...fields].join(", ") || "the message alone"],
    ];
    return element("table", { class: "fields" }, element("tbody", {}, rows.map(([name, value]) => element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, value)))));
}
