// @ts-check
/**
 * Where packs run. Before each call into a pack the page is told which and for what; if that does not return, the page
 * ends this worker. A run gives way between pieces of its lines, so that a newer one can take its place.
 */
import init, { Playground } from "./tripline.js";

/** Bytes of lines that are fed at once. */
const PIECE = 256 * 1024;

/** @type {import("./tripline.js").Announce} */
const announce = (pack, what, batch, entries) =>
    postMessage(pack === null ? { returned: true } : { call: { pack, what, batch, entries } });

const ready = init().then(() => new Playground(announce));
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
const doing = {
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
    decideCase: (playground, { sha256, file, batch }) => playground.decideCase(sha256, file, batch),
};

/**
 * @param {Playground} playground
 * @param {{ number: number, setup: import("./tripline.js").Setup, bytes: Uint8Array[] }} asked
 */
async function check(playground, { number, setup, bytes }) {
    const own = ++newest;
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

onmessage = async ({ data: asked }) => {
    const { number } = asked;
    try {
        const playground = await ready;
        const answer = await doing[asked.what](playground, asked);
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
