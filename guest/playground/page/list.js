// @ts-check
/**
 * A list of any length, of which only what is seen is in the page. Rows come from the worker, some at a time.
 *
 *   ┌ list ─────────┐  scrolls over a spacer as high as all rows, or as high as a browser can
 *   │ rows from top │  a few rows more than fit, moved to where the scroll bar stands
 *   └───────────────┘
 */
import { element, marked } from "./dom.js";

/** Pixels of a row; page.css has the same. */
const ROW = 28;
/** Browsers give up on higher elements: beyond it, the bar moves by shares. */
const HIGHEST = 8_000_000;
/** Rows that are asked for at once. */
const CHUNK = 100;

export class List {
    #box;
    #spacer = element("div", { class: "spacer", role: "presentation" });
    #window = element("div", { class: "window", role: "presentation" });
    #count = 0;
    /** @type {Map<number, any[]>} */ #chunks = new Map();
    /** @type {Map<number, Promise<void>>} */ #asked = new Map();
    #selected = -1;
    #version = 0;
    #drawn = false;

    /**
     * @param {HTMLElement} box
     * @param {(from: number, count: number) => Promise<{ count: number, rows: any[] } | null>} fetch
     * @param {(row: any) => void} choose
     */
    constructor(box, fetch, choose) {
        this.#box = box;
        this.fetch = fetch;
        this.choose = choose;
        box.append(this.#spacer, this.#window);
        box.addEventListener("scroll", () => this.#draw());
        box.addEventListener("keydown", (event) => this.#key(event));
        box.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
        new ResizeObserver(() => this.#draw()).observe(box);
    }

    /** How many rows there are. */
    get count() {
        return this.#count;
    }

    /** The row that was chosen; -1: none. */
    get selected() {
        return this.#selected;
    }

    set selected(index) {
        this.#selected = index;
    }

    /** Begins anew, with so many rows. @param {number} count @param {number} selected which is chosen again */
    reset(count, selected) {
        this.#count = count;
        this.#chunks.clear();
        this.#asked.clear();
        this.#version++;
        this.#selected = selected < count ? selected : -1;
        this.#spacer.style.height = `${Math.min(count * ROW, HIGHEST)}px`;
        this.#draw();
        if (this.#selected >= 0) this.#chosen(this.#selected);
    }

    /** @param {number} index */
    async #chosen(index) {
        const row = await this.#row(index);
        if (row && this.#selected === index) this.choose(row);
    }

    /** @param {number} index */
    select(index) {
        if (index < 0 || index >= this.#count) return;
        this.#selected = index;
        const seen = Math.max(1, Math.floor(this.#box.clientHeight / ROW));
        const top = this.#top();
        if (index < top || index >= top + seen) this.#scrollTo(index - Math.floor(seen / 2));
        this.#draw();
        this.#chosen(index);
    }

    #room() {
        return Math.max(1, Math.min(this.#count * ROW, HIGHEST) - this.#box.clientHeight);
    }

    /** The first row that is seen. */
    #top() {
        const seen = this.#box.clientHeight / ROW;
        if (this.#count * ROW <= HIGHEST) return Math.floor(this.#box.scrollTop / ROW);
        return Math.round((this.#box.scrollTop / this.#room()) * Math.max(0, this.#count - seen));
    }

    /** @param {number} index */
    #scrollTo(index) {
        const seen = this.#box.clientHeight / ROW;
        const last = Math.max(0, this.#count - seen);
        const top = Math.max(0, Math.min(index, last));
        this.#box.scrollTop = this.#count * ROW <= HIGHEST ? top * ROW : (top / last) * this.#room();
    }

    #draw() {
        if (this.#drawn) return;
        this.#drawn = true;
        requestAnimationFrame(() => {
            this.#drawn = false;
            const top = this.#top();
            const end = Math.min(this.#count, top + Math.ceil(this.#box.clientHeight / ROW) + 1);
            const rows = [];
            for (let index = top; index < end; index++) rows.push(this.#drawRow(index));
            this.#window.replaceChildren(...rows);
            const offset = this.#count * ROW <= HIGHEST ? top * ROW : this.#box.scrollTop;
            this.#window.style.transform = `translateY(${offset}px)`;
            const active = this.#selected >= top && this.#selected < end ? `row-${this.#selected}` : null;
            if (active) this.#box.setAttribute("aria-activedescendant", active);
            else this.#box.removeAttribute("aria-activedescendant");
        });
    }

    /** @param {number} index */
    #drawRow(index) {
        const row = this.#chunks.get(Math.floor(index / CHUNK))?.[index % CHUNK];
        if (!row) this.#load(Math.floor(index / CHUNK));
        const state = row ? [row.faulted && "faulted", row.decided && "decided", row.evidence && "evidence", row.woke.length > 0 && "woke"] : [];
        const selected = index === this.#selected;
        return element(
            "div",
            {
                class: ["row", ...state.filter(Boolean), selected && "selected"].filter(Boolean).join(" "),
                id: `row-${index}`,
                role: "option",
                "aria-selected": String(selected),
                "aria-setsize": this.#count,
                "aria-posinset": index + 1,
                onclick: () => this.select(index),
            },
            element("span", { class: "number" }, row ? (row.source > 0 ? `${row.source + 1}.${row.line}` : row.line) : "…"),
            element("span", { class: "flag", title: row ? told(row) : null }, row ? flag(row) : ""),
            element("span", { class: "text" }, ...(row ? marked(row.pieces) : []), row?.cut ? " …" : ""),
        );
    }

    /** @param {number} index @returns {Promise<any>} */
    async #row(index) {
        const chunk = Math.floor(index / CHUNK);
        if (!this.#chunks.has(chunk)) await this.#load(chunk);
        return this.#chunks.get(chunk)?.[index % CHUNK];
    }

    /** Whoever asks while it comes waits for the same answer. @param {number} chunk @returns {Promise<void>} */
    #load(chunk) {
        const asked = this.#asked.get(chunk) ?? this.#fetched(chunk);
        this.#asked.set(chunk, asked);
        return asked;
    }

    /** @param {number} chunk */
    async #fetched(chunk) {
        const version = this.#version;
        const answer = await this.fetch(chunk * CHUNK, CHUNK);
        // Or its run was replaced by another, which begins anew.
        if (version !== this.#version) return;
        if (!answer) {
            this.#asked.delete(chunk);
            return;
        }
        this.#chunks.set(chunk, answer.rows);
        // Who scrolls through all of a large log does not keep it here.
        if (this.#chunks.size > 50) {
            const [oldest] = this.#chunks.keys();
            this.#chunks.delete(oldest);
            this.#asked.delete(oldest);
        }
        this.#draw();
    }

    /** Where the bar moves by shares, a turn of the wheel still moves by as many rows as elsewhere. @param {WheelEvent} event */
    #wheel(event) {
        if (this.#count * ROW <= HIGHEST || event.ctrlKey || event.deltaY === 0) return;
        event.preventDefault();
        const pixels = event.deltaY * [1, ROW, this.#box.clientHeight][event.deltaMode];
        const room = this.#count - this.#box.clientHeight / ROW;
        this.#box.scrollTop += (pixels / ROW / room) * this.#room();
    }

    /** @param {KeyboardEvent} event */
    #key(event) {
        const page = Math.max(1, Math.floor(this.#box.clientHeight / ROW) - 1);
        const now = this.#selected;
        const to = {
            ArrowDown: now + 1,
            ArrowUp: now < 0 ? 0 : now - 1,
            PageDown: now + page,
            PageUp: now - page,
            Home: 0,
            End: this.#count - 1,
        }[event.key];
        if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        this.select(Math.max(0, Math.min(to, this.#count - 1)));
    }
}

/** @param {any} row */
function flag(row) {
    if (row.faulted) return "✗";
    if (row.decided) return "●";
    if (row.evidence) return "◐";
    return row.woke.length > 0 ? "○" : "";
}

/** @param {any} row */
function told(row) {
    const woke = row.woke.length > 0 ? `woke ${row.woke.join(", ")}` : "woke no pack";
    if (row.faulted) return `${woke}; a pack failed on it`;
    if (row.decided) return `${woke}; set off a decision`;
    return row.evidence ? `${woke}; evidence of a decision` : woke;
}
