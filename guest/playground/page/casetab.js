// @ts-check
/** How a case that is open is shown: which pack it is of, whether it holds, what differs. */
import { element, fill, find } from "./dom.js";
import { nameOf, tried } from "./tried.js";

/**
 * @typedef {import("./tried.js").Opened} Opened
 * @typedef {(pack: import("./tried.js").Pack, by: string) => Promise<void>} Choose
 */

/** Which pack it is of: one of those that are on. @param {Opened} opened @param {Choose} choose */
export function caseChooser({ pack }, choose) {
    const on = tried.packs.filter((known) => known.on);
    const chosen = element(
        "select",
        {
            "aria-label": "Which pack the case is of",
            onchange: () => {
                const pack = on.find((known) => nameOf(known) === chosen.value);
                if (pack) choose(pack, "You chose it");
            },
        },
        pack?.on ? null : element("option", { value: "" }, "choose a pack"),
        on.map((known) => element("option", { value: nameOf(known) }, nameOf(known))),
    );
    chosen.value = pack?.on ? nameOf(pack) : "";
    return chosen;
}

/**
 * @param {HTMLElement} panel
 * @param {Opened} opened
 * @param {{ edited: boolean, outcome: any, problem: string | null }} found
 * @param {Choose} choose
 * @param {() => void} close
 */
export function showCase(panel, opened, { edited, outcome, problem }, choose, close) {
    const { name, read, pack, by } = opened;
    const chooser = caseChooser(opened, choose);
    const focused = panel.contains(document.activeElement) && document.activeElement?.tagName === "SELECT";
    fill(
        panel,
        element("p", {}, element("b", {}, name), ": ", read.why),
        element("div", { class: "options" }, element("label", {}, "Pack ", chooser), element("span", {}, pack ? `${by}. The others are off while the case is open.` : by)),
        edited && element("p", { class: "edited" }, element("b", {}, "Edited since it was opened."), " This is what is on the page, by what the case expects."),
        verdict(opened, outcome, problem),
        element(
            "div",
            { class: "buttons" },
            edited && element("button", { type: "button", onclick: () => find("#save-case").click() }, "Save …"),
            element("button", { type: "button", onclick: close }, "Close the case"),
        ),
        read.expected.trim() !== "" && !outcome && texts("Expected", read.expected),
    );
    if (focused) chooser.focus();
}

/** @param {Opened} opened @param {any} outcome @param {string | null} problem */
function verdict({ pack, read }, outcome, problem) {
    if (!pack) return element("p", { class: "hint" }, "Whether it holds can be said once its pack is known.");
    if (!pack.on) return element("p", { class: "problem" }, `${nameOf(pack)} is off.`);
    if (problem !== null) return element("p", { class: "problem" }, `It cannot be run with ${nameOf(pack)}: ${problem}`);
    const nothing = read.expected.trim() === "";
    if (outcome.holds) return element("p", { class: "good" }, `It holds with ${nameOf(pack)}, in batches of every size${nothing ? ": nothing is decided" : ""}.`);
    const sized = outcome.batch < 4294967295 ? `, in batches of ${outcome.batch}` : "";
    return element(
        "div",
        {},
        element("p", { class: "problem" }, `It does not hold with ${nameOf(pack)}${sized}.`),
        element("div", { class: "split texts" }, texts("Expected", outcome.expected), texts("Found", outcome.found)),
    );
}

/** @param {string} title @param {string} text */
function texts(title, text) {
    return element("div", {}, element("h3", {}, title), element("pre", { tabindex: "0", "aria-label": title }, text || "nothing is decided"));
}
