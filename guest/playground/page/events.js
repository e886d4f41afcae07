// @ts-check
/** The list of events, and the one that is chosen. */
import { counted, fill, find } from "./dom.js";
import { tab } from "./frame.js";
import { List } from "./list.js";
import { ask } from "./running.js";
import { names, tried } from "./tried.js";
import { showNone, showWhy } from "./why.js";

/** @type {List} */
export let list;
let listings = 0;
let choices = 0;

export function beginList() {
    list = new List(
        find("#list"),
        (from, count) => ask("rows", { which: find("#which").value, from, count }),
        (row) => choose(row.row),
    );
    showNone(find("#why"));
}

/** Lists anew what is asked for. @param {boolean} again whether what was chosen stays, since only its text has changed */
export async function relist(again) {
    const own = ++listings;
    const which = find("#which").value;
    const answer = await ask("rows", { which, from: 0, count: 0 });
    if (own !== listings || !answer) return;
    list.reset(answer.count, again ? list.selected : -1);
    if (list.selected < 0) showNone(find("#why"));
    fill(find("#listed"), counted(answer.count, "event"));
}

/** @param {number} row */
async function choose(row) {
    const own = ++choices;
    const why = await ask("why", { row });
    if (why && own === choices) showWhy(find("#why"), why, tried.sources.length > 1);
}

/** Shows the event at a place. @param {import("./tripline.js").Place} place */
async function goTo(place) {
    const row = await ask("find", place);
    if (row === null) return;
    tab("events");
    if (find("#which").value !== "all") {
        find("#which").value = "all";
        await relist(false);
    }
    list.select(row);
    find("#list").focus();
}

/** What stands around an outcome: where its events are, and more of an incident. */
export const around = {
    get names() {
        return names();
    },
    goTo,
    /** @param {number} incident @returns {Promise<any>} */
    incident: (incident) => ask("incident", { incident, names: names() }),
};
