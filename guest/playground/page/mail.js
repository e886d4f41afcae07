// @ts-check
/**
 * A mail as a reader shows it. Its HTML is taken apart by the browser's own parser into a document that runs and loads
 * nothing, and built again from the few elements that mails have; texts become text nodes.
 */
import { element, fill, lined } from "./dom.js";

const ELEMENTS = new Set(["DIV", "SPAN", "TABLE", "TBODY", "TR", "TD", "B", "BR"]);
const STYLES = new Set([
    "background", "background-color", "border", "border-bottom", "border-collapse", "border-left", "border-radius", "border-top", "color",
    "display", "font-family", "font-size", "font-weight", "letter-spacing", "line-height", "margin", "margin-bottom", "margin-top",
    "max-width", "min-width", "opacity", "overflow-wrap", "padding", "padding-left", "padding-top", "vertical-align", "white-space", "width",
    "word-break",
]);

/** @param {import("./tripline.js").Mail} mail */
export function showMail({ subject, text, html }) {
    // The page's policy lets no attribute be a style, and tells of each; a script may set them. In a text of the mail
    // every quote is escaped, so this touches attributes alone.
    const shown = new DOMParser().parseFromString(html.replaceAll(' style="', ' data-style="'), "text/html");
    const asHtml = element("div", { class: "mail-html" }, rebuilt(shown.body));
    const asText = element("pre", { class: "mail-text", tabindex: "0", "aria-label": "The mail's text" }, text);
    asText.hidden = true;
    const other = element("button", {
        type: "button",
        onclick: () => {
            [asHtml.hidden, asText.hidden] = [!asHtml.hidden, !asText.hidden];
            fill(other, asText.hidden ? "Show the text part" : "Show the HTML part");
        },
    }, "Show the text part");
    return element(
        "div",
        { class: "mail" },
        element("div", { class: "mail-head" }, element("p", {}, element("b", {}, "Subject: "), subject), other),
        asHtml,
        asText,
    );
}

/** @param {Node} node @returns {Node[]} */
function rebuilt(node) {
    return [...node.childNodes].flatMap((child) => {
        if (child.nodeType === Node.TEXT_NODE) return [lined(child.textContent ?? "")];
        if (child.nodeType !== Node.ELEMENT_NODE) return [];
        const from = /** @type {HTMLElement} */ (child);
        if (!ELEMENTS.has(from.tagName)) return rebuilt(from);
        const made = document.createElement(from.tagName);
        for (const declaration of (from.getAttribute("data-style") ?? "").split(";")) {
            const [name, value] = declaration.split(/:(.*)/s, 2).map((part) => part.trim());
            // Nothing is loaded, whatever a style says.
            if (value && STYLES.has(name) && !value.includes("url(")) made.style.setProperty(name, value);
        }
        if (from.tagName === "TD" && from.hasAttribute("colspan")) made.setAttribute("colspan", from.getAttribute("colspan") ?? "1");
        if (from.tagName === "TABLE") made.setAttribute("role", "presentation");
        made.append(...rebuilt(from));
        return [made];
    });
}
