// @ts-check
/**
 * The worker, seen from the page: asks it, and ends it when a call into a pack does not return.
 *
 *   page ── ask ──► worker ── call announced ──► a deadline is set ── returned ──► and taken away
 *                                                └── passed: the worker is terminated, the next one has all packs again
 */
import { Unstartable, Workers } from "./workers.js";

/** How long a call into a pack may take: a server's backstop, since no page can measure CPU time. */
export const DEADLINE = 2000;
/** How long the worker may say nothing while no pack is called. */
const SILENCE = 30000;
/** How long what has come already may take to be seen: a page that was busy is no fault of a pack. */
const GRACE = 100;
/** Workers that may be ended before anything comes to its end. */
const ENDINGS = 32;

/**
 * A call that was announced.
 * @typedef {{ pack: string, what: "start" | "open" | "check" | "save", batch: number, entries: number, calls: number, took: number, over: boolean }} Call
 * @typedef {{ resolve: (answer: any) => void, reject: (error: Error) => void, progress?: (part: number) => void, loads?: string }} Asked
 */

/** A call into a pack that did not return; or all of its calls together took too long. */
export class Ended extends Error {
    /** @param {Call | null} call */
    constructor(call) {
        super(!call ? "matching did not end" : call.over ? `${call.pack} took too long in all` : `${call.pack} did not return`);
        this.call = call;
    }
}

export class Engine {
    #workers = new Workers();
    /** @type {Promise<Worker>} */ #worker;
    /** @type {Worker | null} */ #live = null;
    #numbers = 0;
    /** @type {Map<number, Asked>} */ #asked = new Map();
    /** @type {Map<string, Uint8Array>} */ #loaded = new Map();
    /** @type {Call | null} */ #call = null;
    #since = 0;
    /** @type {number | undefined} */ #timer;
    #endings = 0;
    /** Why there is no worker, until somebody tries again. @type {Error | null} */ #lost = null;

    constructor() {
        this.#worker = this.#start();
    }

    /** Resolves once packs can be run; rejects if they cannot. @returns {Promise<unknown>} */
    get ready() {
        return this.#worker;
    }

    /** The call that is going on, and for how many milliseconds. @returns {{ call: Call, lasts: number } | null} */
    get going() {
        return this.#call && { call: this.#call, lasts: performance.now() - this.#since };
    }

    /** Starts a worker after none could be started. @returns {Promise<unknown>} */
    again() {
        this.#endings = 0;
        if (this.#lost) this.#begin();
        return this.#worker;
    }

    /**
     * Reads, checks and compiles a module; its manifest.
     * @param {Uint8Array} bytes
     * @param {boolean} stranger
     * @returns {Promise<any>}
     */
    async load(bytes, stranger) {
        const manifest = await this.ask("load", { bytes, stranger });
        this.#loaded.set(manifest.module.sha256, bytes);
        return manifest;
    }

    /** @param {string} sha256 */
    forget(sha256) {
        this.#loaded.delete(sha256);
        return this.ask("forget", { sha256 });
    }

    /**
     * @param {import("./tripline.js").Setup} setup
     * @param {Uint8Array[]} bytes
     * @param {(part: number) => void} progress
     * @returns {Promise<any>}
     */
    check(setup, bytes, progress) {
        return this.ask("check", { setup, bytes }, progress);
    }

    /**
     * @param {string} what
     * @param {object} [asked]
     * @param {(part: number) => void} [progress]
     * @param {string} [loads] the digest of what is loaded again
     * @returns {Promise<any>}
     */
    ask(what, asked = {}, progress, loads) {
        if (this.#lost) return Promise.reject(this.#lost);
        const number = ++this.#numbers;
        const answered = new Promise((resolve, reject) => this.#asked.set(number, { resolve, reject, progress, loads }));
        const given = this.#worker;
        given.then((worker) => worker === this.#live && worker.postMessage({ ...asked, number, what })).catch(() => {});
        // Whoever goes on typing gives what does not end no more time.
        if (this.#live && this.#timer === undefined) this.#watch(SILENCE);
        return answered;
    }

    #start() {
        this.#live = null;
        const taken = this.#workers.take();
        taken.then(
            (worker) => {
                worker.onmessage = ({ data }) => this.#heard(worker, data);
                worker.onerror = (event) => {
                    event.preventDefault();
                    this.#heard(worker, { fatal: event.message || "the worker has ended" });
                };
                this.#live = worker;
                if (this.#asked.size > 0) this.#watch(SILENCE);
                // Not before the first run has had the machine for itself.
                setTimeout(() => this.#workers.provide(), 1000);
            },
            (error) => this.#lose(new Unstartable(error.message)),
        );
        return taken;
    }

    #begin() {
        this.#lost = null;
        this.#worker = this.#start();
        for (const [sha256, bytes] of this.#loaded) {
            // It was tried when it came.
            this.ask("load", { bytes, stranger: false }, undefined, sha256).catch(() => {});
        }
    }

    /** There is no worker, and none is tried for until somebody says so. @param {Error} error */
    #lose(error) {
        this.#lost = error;
        this.#reject(error);
    }

    /** @param {Error} error */
    #reject(error) {
        const asked = [...this.#asked.values()];
        this.#asked.clear();
        for (const { reject } of asked) reject(error);
    }

    /**
     * @param {Worker} worker
     * @param {any} data
     */
    #heard(worker, data) {
        // What an ended worker has said is of no run that counts.
        if (worker !== this.#live) return;
        if (data.call) {
            this.#call = data.call;
            this.#since = performance.now();
            if (data.call.over) this.#end(new Ended(data.call));
            else this.#watch(DEADLINE);
        } else if (data.returned) {
            this.#call = null;
            this.#watch(SILENCE);
        } else if (data.fatal) {
            this.#end(this.#call ? new Ended(this.#call) : new Error(`the engine has ended: ${data.fatal}`));
        } else {
            const asked = this.#asked.get(data.number);
            if (!asked) return;
            if (data.progress !== undefined) {
                this.#watch(SILENCE);
                asked.progress?.(data.progress);
                return;
            }
            this.#asked.delete(data.number);
            this.#watch(SILENCE);
            if (data.answer?.report) this.#endings = 0;
            if (data.error) asked.reject(Object.assign(new Error(data.error.message), { hint: data.error.hint }));
            else asked.resolve(data.answer);
        }
    }

    /** @param {number} wait */
    #watch(wait) {
        clearTimeout(this.#timer);
        this.#timer = undefined;
        if (this.#asked.size === 0) return;
        this.#timer = setTimeout(() => {
            // Messages that wait are seen before this is.
            this.#timer = setTimeout(() => this.#end(new Ended(this.#call)), GRACE);
        }, wait);
    }

    /**
     * Ends the worker with all that it was asked; the next one has every pack again.
     * @param {Error} error
     */
    #end(error) {
        clearTimeout(this.#timer);
        this.#timer = undefined;
        this.#live?.terminate();
        this.#live = null;
        this.#call = null;
        // What ended the worker while it was loaded does so again.
        const [first] = this.#asked.values();
        if (first?.loads) this.#loaded.delete(first.loads);
        if (++this.#endings > ENDINGS) {
            this.#lose(new Unstartable(`${ENDINGS} workers have ended one after another; the last: ${error.message}`));
            return;
        }
        const asked = [...this.#asked.values()];
        this.#asked.clear();
        this.#begin();
        for (const { reject } of asked) reject(error);
    }
}
