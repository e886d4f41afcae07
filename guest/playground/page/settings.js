// @ts-check
/** A pack's settings, as a form made from its schema. */
import { element, fill } from "./dom.js";

/**
 * A form; `changed` is told of all settings that are not their defaults, and of what is wrong in the form: a setting that is
 * wrong stays what it was before.
 * @param {any[]} schema
 * @param {Record<string, any>} given
 * @param {(settings: Record<string, any>, wrong: Map<string, string>) => void} changed
 * @param {string} prefix
 */
export function settingsForm(schema, given, changed, prefix) {
    // Not an object: a setting may be called as what every object has.
    const values = new Map(Object.entries(given));
    /** @type {Map<string, string>} */
    const problems = new Map();
    const rows = schema.map((setting) => {
        const id = `${prefix}-${setting.name}`;
        const input = control(setting, values.get(setting.name) ?? setting.default, id);
        const problem = element("p", { class: "problem", id: `${id}-problem`, hidden: true });
        input.setAttribute("aria-describedby", `${id}-about ${id}-problem`);
        input.addEventListener(input.tagName === "SELECT" || input.type === "checkbox" ? "change" : "input", () => {
            const { value, wrong } = read(setting, input);
            problem.hidden = !wrong;
            fill(problem, wrong ?? "");
            input.setAttribute("aria-invalid", String(Boolean(wrong)));
            if (wrong) {
                const now = values.get(setting.name) ?? setting.default;
                problems.set(setting.name, `setting ${setting.name}: ${wrong}; ${now === null || now === undefined ? "it is not set" : `it stays ${JSON.stringify(now)}`}`);
            } else {
                problems.delete(setting.name);
                if (value === undefined || JSON.stringify(value) === JSON.stringify(setting.default)) values.delete(setting.name);
                else values.set(setting.name, value);
            }
            changed(Object.fromEntries(values), new Map(problems));
        });
        const about = element("p", { class: "hint", id: `${id}-about` }, setting.description, setting.description ? " " : "", takes(setting));
        return element("div", { class: "setting" }, element("label", { for: id }, setting.title || setting.name), input, about, problem);
    });
    return element("form", { class: "settings", onsubmit: (/** @type {Event} */ event) => event.preventDefault() }, rows);
}

/** @param {any} setting @param {any} now @param {string} id */
function control(setting, now, id) {
    if (setting.type === "boolean") {
        const box = element("input", { type: "checkbox", id });
        box.checked = Boolean(now);
        return box;
    }
    if (setting.enum) {
        const options = setting.enum.map((/** @type {string} */ one) => element("option", { value: one }, one));
        const chosen = element("select", { id }, now === null ? element("option", { value: "" }, "choose") : null, options);
        chosen.value = now ?? "";
        return chosen;
    }
    if (setting.type === "array") {
        const lines = (now ?? []).join("\n");
        const rows = Math.max(2, Math.min(8, (now ?? []).length + 1));
        return element("textarea", { id, rows, spellcheck: "false", value: lines });
    }
    const number = setting.type !== "string";
    return element("input", {
        id,
        type: number ? "number" : "text",
        step: setting.type === "number" ? "any" : number ? "1" : null,
        min: number ? bound(setting.minimum) : null,
        max: number ? bound(setting.maximum) : null,
        value: now ?? "",
        placeholder: setting.default === null ? "has to be set" : "",
    });
}

/** @param {number} limit */
function bound(limit) {
    return Number.isSafeInteger(limit) ? limit : null;
}

/** @param {any} setting @param {any} input @returns {{ value?: any, wrong?: string }} */
function read(setting, input) {
    if (setting.type === "boolean") return { value: input.checked };
    if (setting.type === "array") {
        const items = input.value.split("\n").map((/** @type {string} */ line) => line.trim()).filter(Boolean);
        const all = items.map((/** @type {string} */ item) => one(setting.items, item));
        const wrong = all.find((/** @type {any} */ item) => item.wrong);
        return wrong ?? { value: all.map((/** @type {any} */ item) => item.value) };
    }
    if (input.validity.badInput) return { wrong: "expected a number" };
    if (input.value === "" && setting.type !== "string") return {};
    return one(setting, input.value);
}

/** @param {any} kind @param {string} text @returns {{ value?: any, wrong?: string }} */
function one(kind, text) {
    if (kind.type === "string") return { value: text };
    if (kind.type === "boolean") return text === "true" || text === "false" ? { value: text === "true" } : { wrong: `expected true or false, found ${text}` };
    const number = Number(text);
    if (!Number.isFinite(number)) return { wrong: `expected a number, found ${text}` };
    if (kind.type === "integer" && !Number.isSafeInteger(number)) return { wrong: `expected a whole number, found ${text}` };
    if (number < kind.minimum || number > kind.maximum) return { wrong: `expected ${kind.minimum} to ${kind.maximum}, found ${text}` };
    return { value: number };
}

/** What a setting takes, in words. @param {any} setting */
function takes(setting) {
    const parts = [];
    if (setting.type === "array") parts.push("one a line");
    const { minimum, maximum } = setting;
    if (bound(minimum) !== null && bound(maximum) !== null) parts.push(`${minimum} to ${maximum}`);
    const usual = setting.type === "array" ? (setting.default ?? []).join(", ") || "none" : setting.default;
    if (setting.default !== null && setting.type !== "boolean" && String(usual).length < 60) parts.push(`default ${usual === "" ? "empty" : usual}`);
    return parts.length > 0 ? `(${parts.join("; ")})` : "";
}
