// @ts-check
/**
 * Building the page: what comes from logs and packs becomes a text node, and nothing else. Each text and each attribute of the
 * page goes through here, so what hides in one shows in all of them.
 */
import { visible, visibleLines } from "./visible.js";

/**
 * @param {string} selector
 * @returns {any}
 */
export function find(selector) {
    const found = document.querySelector(selector);
    if (!found) throw new Error(`expected ${selector} in the page`);
    return found;
}

/**
 * An element with attributes and children; a text becomes a text node. `on…` are listeners.
 * @param {string} name
 * @param {Record<string, unknown>} [attributes]
 * @param {...any} children
 * @returns {any}
 */
export function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
        if (value === undefined || value === null || value === false) continue;
        if (typeof value === "function") made.addEventListener(key.slice(2), /** @type {EventListener} */ (value));
        else if (key === "value") /** @type {any} */ (made).value = value;
        else made.setAttribute(key, value === true ? "" : visible(String(value)));
    }
    return fill(made, ...children);
}

/**
 * Puts these children in the place of those that are there; what is nothing is left out.
 * @param {any} parent
 * @param {...any} children
 */
export function fill(parent, ...children) {
    const there = children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false && child !== "");
    // Lines are those of their text only where it is shown as it is laid out.
    const shown = parent instanceof HTMLPreElement ? visibleLines : visible;
    parent.replaceChildren(...there.map((child) => (child instanceof Node ? child : document.createTextNode(shown(String(child))))));
    return parent;
}

/** A text of several lines, each as it may be shown. @param {string} text */
export function lined(text) {
    return document.createTextNode(visibleLines(text));
}

/** How many colours captures have. */
const COLOURS = 8;

/**
 * A text in pieces; marked ones in their colour, with what they are for whoever points at them.
 * @param {import("./tripline.js").Piece[]} pieces
 */
export function marked(pieces) {
    return pieces.map(([text, label, colour]) =>
        label === undefined
            ? document.createTextNode(visible(text))
            : element("mark", { class: `colour-${Number(colour) % COLOURS}`, title: label }, text),
    );
}

/** @param {string} severity */
export function badge(severity) {
    return element("span", { class: `badge ${severity}` }, severity);
}

/** @param {number} bytes */
export function size(bytes) {
    if (bytes < 1024) return `${bytes} B`;
    if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KiB`;
    return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

/** A time as the browser's clock has it, which counts tenths of milliseconds. @param {number} seconds */
export function duration(seconds) {
    if (seconds < 0.0001) return "< 0.1 ms";
    if (seconds < 1) return `${(seconds * 1000).toFixed(1)} ms`;
    return `${seconds.toFixed(2)} s`;
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export function counted(count, one, many = `${one}s`) {
    return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** @param {string | null} time */
export function shownTime(time) {
    return time === null ? "no time" : time.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC");
}
