// @ts-check
/**
 * Where packs run. Before each call into a pack the page is told which and for what; if that does not return, the page
 * ends this worker. A run gives way between pieces of its lines, so that a newer one can take its place.
 */
import init, { Playground } from "./tripline.js";

/** Bytes of lines that are fed at once. */
const PIECE = 256 * 1024;

/** Milliseconds that a server gives a call, and each entry of its batch; here they may take so many times as long. */
const [CALL, ENTRY, SLOWER] = [50, 0.02, 4];
/** Milliseconds more that a pack has for all calls of one run; and in all for those of a case, which has few lines. */
const [MORE, CASE] = [3000, 15000];

/** What each pack took in this run, and may take. @type {Map<string, { calls: number, took: number, allowed: number }>} */
const spent = new Map();
/** The call that is going on. @type {{ pack: string, began: number } | null} */
let going = null;
let most = Infinity;

/** A run begins: what packs took before counts no more. @param {number} all */
function reckon(all) {
    spent.clear();
    most = all;
}

/** @type {import("./tripline.js").Announce} */
const announce = (pack, what, batch, entries) => {
    const now = performance.now();
    if (pack === null) {
        const sum = going && spent.get(going.pack);
        if (going && sum) sum.took += now - going.began;
        going = null;
        return postMessage({ returned: true });
    }
    const sum = spent.get(pack) ?? { calls: 0, took: 0, allowed: MORE };
    spent.set(pack, sum);
    const { calls, took } = sum;
    // No call of it may be slow enough for the deadline, and all of them are no end.
    const over = took > Math.min(sum.allowed, most);
    sum.calls++;
    sum.allowed += SLOWER * (CALL + ENTRY * entries);
    going = { pack, began: now };
    postMessage({ call: { pack, what, batch, entries, calls, took, over } });
};

/** @type {(module: WebAssembly.Module) => void} */
let given;
/** The page hands over what it has compiled. @type {Promise<WebAssembly.Module>} */
const module = new Promise((resolve) => (given = resolve));
const ready = module.then((module) => init({ module_or_path: module })).then(() => new Playground(announce));
ready.then(
    () => postMessage({ ready: true }),
    (error) => postMessage({ fatal: String(error) }),
);

/** Which run is the newest. */
let newest = 0;

/** Lets messages in that have come meanwhile. */
const channel = new MessageChannel();
/** @type {(() => void)[]} */
const waiting = [];
channel.port1.onmessage = () => waiting.shift()?.();
const turn = () =>
    new Promise((resolve) => {
        waiting.push(() => resolve(undefined));
        channel.port2.postMessage(null);
    });

/** @type {Record<string, (playground: Playground, asked: any) => unknown>} */
const does = {
    load: (playground, { bytes, stranger }) => playground.load(bytes, stranger),
    forget: (playground, { sha256 }) => playground.forget(sha256),
    check,
    rows: (playground, { which, from, count }) => playground.rows(which, from, count),
    find: (playground, { source, line }) => playground.find(source, line),
    why: (playground, { row }) => playground.why(row),
    incident: (playground, { incident, names }) => playground.incident(incident, names),
    writeCase: (playground, { why, sha256, settings, sources, bytes }) =>
        playground.writeCase(why, sha256, settings, sources, bytes),
    readCase: (playground, { file }) => playground.readCase(file),
    runCase: (playground, { sha256, file }) => playground.runCase(sha256, file),
    judgeCase: (playground, { expected, sha256, settings, sources, bytes }) =>
        playground.judgeCase(expected, sha256, settings, sources, bytes),
    decideCase: (playground, { sha256, file, batch }) => playground.decideCase(sha256, file, batch),
};

/**
 * @param {Playground} playground
 * @param {{ number: number, setup: import("./tripline.js").Setup, bytes: Uint8Array[] }} asked
 */
async function check(playground, { number, setup, bytes }) {
    const own = ++newest;
    reckon(Infinity);
    const began = performance.now();
    const total = bytes.reduce((sum, source) => sum + source.length, 0);
    const problems = playground.begin(setup);
    let done = 0;
    for (const [source, lines] of bytes.entries()) {
        for (let at = 0; at < lines.length; at += PIECE) {
            playground.feed(source, lines.subarray(at, at + PIECE));
            done += Math.min(PIECE, lines.length - at);
            postMessage({ number, progress: done / total });
            await turn();
            if (own !== newest) return { replaced: true };
        }
    }
    const report = playground.finish();
    return { report, problems, seconds: (performance.now() - began) / 1000, bytes: total };
}

/** Packs that the browser still compiles: whatever is asked for later finds them. @type {Promise<unknown>} */
let loading = Promise.resolve();

onmessage = async ({ data: asked }) => {
    if (asked.module) return given(asked.module);
    const { number } = asked;
    try {
        if (asked.what.endsWith("Case")) reckon(CASE);
        const playground = await ready;
        if (asked.what !== "load") await loading;
        const doing = does[asked.what](playground, asked);
        if (asked.what === "load") loading = Promise.allSettled([loading, doing]);
        const answer = await doing;
        postMessage({ number, answer });
    } catch (error) {
        // The engine itself has ended: nothing in here can be relied on any more.
        if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) {
            postMessage({ fatal: String(error) });
        }
        const { message, hint } = /** @type {any} */ (error);
        postMessage({ number, error: { message: message ?? String(error), hint } });
    }
};
