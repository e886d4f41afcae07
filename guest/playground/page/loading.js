// @ts-check
/** Packs come and go. */
import { lostPack } from "./cases.js";
import { find } from "./dom.js";
import { Ended } from "./engine.js";
import { banner, busy } from "./frame.js";
import { showPacks } from "./packs.js";
import { changed, engine, noteSettings, unstartable } from "./running.js";
import { nameOf, tried } from "./tried.js";
import { Unstartable } from "./workers.js";

/** @typedef {import("./tried.js").Pack} Pack */

const told = {
    changed() {
        drawPacks();
        noteSettings();
        changed();
    },
    /** @param {Pack} pack */
    async removed(pack) {
        engine.forget(pack.manifest.module.sha256).catch(() => {});
        const { instead } = pack;
        if (instead) {
            // The form is of another schema.
            Object.assign(pack, { ...instead, builtin: true, instead: null, problem: null, settings: {}, wrong: new Map() });
            busy(1);
            await engine.load(pack.bytes, false).catch(() => {});
            busy(-1);
        } else {
            tried.packs = tried.packs.filter((known) => known !== pack);
            lostPack(pack);
        }
        drawPacks();
        changed();
    },
};

export function drawPacks() {
    showPacks(find("#pack-list"), tried.packs, told);
}

/** @param {Uint8Array} bytes @param {string} file @param {boolean} builtin @param {boolean} on */
export async function addPack(bytes, file, builtin, on = true) {
    try {
        const manifest = await engine.load(bytes, !builtin);
        const { name } = manifest.pack;
        const known = tried.packs.find((pack) => nameOf(pack) === name);
        if (!known) {
            /** @type {Pack} */
            const pack = { manifest, bytes, builtin, on, aside: tried.opened?.pack != null, settings: {}, wrong: new Map(), problem: null, open: !builtin, instead: null };
            tried.packs.push(pack);
            return pack;
        }
        const before = known.manifest.module.sha256;
        if (known.builtin && !builtin && before !== manifest.module.sha256) {
            known.instead = { manifest: known.manifest, bytes: known.bytes };
            banner(`${file} has taken the place of the built-in ${name}.`, { good: true });
        }
        // The same pack, built again: it keeps its settings, and its part in a case that is open.
        Object.assign(known, { manifest, bytes, builtin: builtin || before === manifest.module.sha256 && known.builtin, problem: null, wrong: new Map() });
        if (before !== manifest.module.sha256) engine.forget(before).catch(() => {});
        return known;
    } catch (error) {
        const { message, hint } = /** @type {any} */ (error);
        if (error instanceof Unstartable) unstartable(message);
        else if (error instanceof Ended) banner(`${file} took too long to be looked at.`);
        else banner(`${file} is no pack that a server would take: ${message}${hint ? ` (${hint})` : ""}`);
        return null;
    }
}
