// @ts-check
/** What is tried: packs, lines, the case that is open; and what came of them. */
import { newSource } from "./sources.js";

/**
 * @typedef {object} Pack
 * @property {any} manifest
 * @property {Uint8Array} bytes
 * @property {boolean} builtin
 * @property {boolean} on
 * @property {boolean} aside whether it has no part in the case that is open
 * @property {Record<string, any>} settings
 * @property {Map<string, string>} wrong what is wrong with which setting as it stands in the form; the run has the one before
 * @property {string | null} problem
 * @property {boolean} open
 * @property {{ manifest: any, bytes: Uint8Array } | null} instead the built-in pack whose place it has taken
 */

/**
 * @typedef {object} Opened
 * @property {string} name
 * @property {Uint8Array} file
 * @property {import("./tripline.js").CaseFile} read
 * @property {Pack | null} pack which pack it is of, if that is known
 * @property {string} by how that is known
 * @property {Record<string, any> | null} before what that pack's settings were
 */

export const tried = {
    /** @type {Pack[]} */ packs: [],
    /** @type {import("./sources.js").Source[]} */ sources: [newSource("lines", "")],
    /** Which source is shown. */
    current: 0,
    /** @type {import("./tripline.js").PageReport | null} */ report: null,
    /** @type {Opened | null} */ opened: null,
};

/** Packs that judge. */
export const judging = () => tried.packs.filter(({ on, aside }) => on && !aside);

/** @param {Pack} pack */
export const nameOf = (pack) => pack.manifest.pack.name;

/** Names of sources. */
export const names = () => tried.sources.map(({ name }) => name);
