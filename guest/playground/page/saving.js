// @ts-check
/** What is tried, saved as a case. */
import { savedCase } from "./cases.js";
import { element, fill, find } from "./dom.js";
import { Ended } from "./engine.js";
import { allBytes } from "./lines.js";
import { ended, engine } from "./running.js";
import { setupOf } from "./sources.js";
import { judging, nameOf, tried } from "./tried.js";

export function openSave() {
    const chooser = find("#save-pack");
    const packs = judging();
    fill(chooser, packs.map((pack) => element("option", { value: pack.manifest.module.sha256 }, nameOf(pack))));
    // The one that has decided most is most likely meant.
    const most = [...(tried.report?.packs ?? [])].sort((a, b) => b.decisions - a.decisions)[0]?.pack;
    const meant = packs.find((pack) => nameOf(pack) === most);
    if (meant) chooser.value = meant.manifest.module.sha256;
    if (tried.opened) {
        find("#save-why").value = tried.opened.read.why;
        find("#save-name").value = tried.opened.name.replace(/\.case$/i, "").toLowerCase().replace(/[^a-z0-9-]+/g, "-").replace(/^-+/, "") || "a-case";
    }
    say(packs.length === 0 ? "No pack is on, and a case is of one." : null);
    find("#save-ok").disabled = packs.length === 0;
    find("#save").showModal();
}

/** @param {string | null} problem */
function say(problem) {
    find("#save-problem").hidden = problem === null;
    fill(find("#save-problem"), problem);
}

/** @param {SubmitEvent} event */
export async function save(event) {
    event.preventDefault();
    const pack = tried.packs.find(({ manifest }) => manifest.module.sha256 === find("#save-pack").value);
    if (!pack) return say("That pack is gone.");
    try {
        const file = await engine.ask("writeCase", {
            why: find("#save-why").value,
            sha256: pack.manifest.module.sha256,
            settings: pack.settings,
            sources: tried.sources.map(setupOf),
            bytes: allBytes(),
        });
        const name = `${find("#save-name").value}.case`;
        const url = URL.createObjectURL(new Blob([file], { type: "application/octet-stream" }));
        element("a", { href: url, download: name }).click();
        setTimeout(() => URL.revokeObjectURL(url), 10_000);
        find("#save").close();
        await savedCase(name, file, pack);
    } catch (error) {
        say(error instanceof Ended ? "The pack did not return." : /** @type {Error} */ (error).message);
        if (error instanceof Ended) ended(error);
    }
}
