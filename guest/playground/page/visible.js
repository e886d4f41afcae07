// @ts-check
/**
 * Texts of strangers as they may be shown: what would hide, reorder or control is written as an escape, in the very manner
 * of the command line and of mails (`host/notice/src/visible.rs` has the list; a test compares all characters).
 */

const HIDDEN = /[\p{Cc}\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;
const NAMED = new Map([["\n", "\\n"], ["\r", "\\r"], ["\t", "\\t"]]);

/** @param {string} text */
export function visible(text) {
    return text.replace(HIDDEN, (character) => {
        const number = /** @type {number} */ (character.codePointAt(0));
        return NAMED.get(character) ?? (number < 0x100 ? `\\x${number.toString(16).padStart(2, "0")}` : `\\u{${number.toString(16)}}`);
    });
}

/** The same of a text of several lines, which keeps them. @param {string} text */
export function visibleLines(text) {
    return text.split("\n").map(visible).join("\n");
}
