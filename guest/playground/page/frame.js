// @ts-check
/** The page around what is tried: whether it works on something, what it says, and its tabs. */
import { element, fill, find } from "./dom.js";

/** What is going on, or about to, that changes what is shown. */
let going = 0;

/** @param {number} step */
export function busy(step) {
    going += step;
    document.documentElement.dataset.busy = String(going > 0);
}

/** @param {string} text */
export function status(text) {
    fill(find("#status"), text);
}

/**
 * A message that stays until somebody dismisses it. One about the same thing takes the place of the one before.
 * @param {string} text
 * @param {{ about?: string, good?: boolean, more?: any }} [how]
 */
export function banner(text, { about = text, good = false, more = null } = {}) {
    unsay(about);
    const made = element(
        "div",
        { class: `banner ${good ? "note" : "bad"}`, "data-about": about },
        element("p", {}, text),
        more,
        element("button", { type: "button", class: "quiet", "aria-label": "Dismiss", onclick: () => made.remove() }, "×"),
    );
    find("#banners").append(made);
    // The newest few are enough.
    while (find("#banners").childElementCount > 4) find("#banners").firstElementChild.remove();
}

/** What was said about this is over. @param {string} about */
export function unsay(about) {
    for (const made of [...find("#banners").children]) if (made.dataset.about === about) made.remove();
}

/** @type {Map<string, string[]>} */
const noted = new Map();

/** What is not as it seems in what is shown, for as long as that lasts. @param {string} about @param {string[]} texts */
export function note(about, texts) {
    noted.set(about, texts);
    const all = [...noted.values()].flat();
    const list = find("#notes");
    list.hidden = all.length === 0;
    fill(list, all.map((text) => element("li", {}, text)));
}

/** Gives the browser a moment to show what was said, before something takes long. */
export function breath() {
    return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}

/** @param {string} name */
export function tab(name) {
    for (const button of find("#tabs").children) {
        const chosen = button.id === `tab-${name}`;
        button.setAttribute("aria-selected", String(chosen));
        button.tabIndex = chosen ? 0 : -1;
        find(`#${button.getAttribute("aria-controls")}`).hidden = !chosen;
    }
}

/** Which tab is shown. */
export function shownTab() {
    const chosen = [...find("#tabs").children].find((button) => button.getAttribute("aria-selected") === "true");
    return chosen.id.slice("tab-".length);
}

/** @param {KeyboardEvent} event */
export function tabKey(event) {
    const tabs = [...find("#tabs").children].filter((button) => !button.hidden);
    const now = tabs.indexOf(document.activeElement);
    const to = { ArrowRight: now + 1, ArrowLeft: now - 1 + tabs.length, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined || now < 0) return;
    event.preventDefault();
    const next = tabs[to % tabs.length];
    tab(next.id.slice("tab-".length));
    next.focus();
}
