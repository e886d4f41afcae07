// @ts-check
/**
 * The worker, seen from the page: asks it, and ends it when a call into a pack does not return.
 *
 *   page ── ask ──► worker ── call announced ──► a deadline is set ── returned ──► and taken away
 *                                                └── passed: the worker is terminated, a new one has all packs but this
 */

/** How long a call into a pack may take: a server's backstop, since no page can measure CPU time. */
export const DEADLINE = 2000;
/** How long the worker may say nothing while it matches lines. */
const SILENCE = 30000;
/** How long what has come already may take to be seen: a page that was busy is no fault of a pack. */
const GRACE = 100;

/** A call into a pack that did not return. */
export class Ended extends Error {
    /** @param {{ pack: string, what: string, batch: number, entries: number } | null} call */
    constructor(call) {
        super(call ? `${call.pack} did not return` : "matching did not end");
        this.call = call;
    }
}

export class Engine {
    /** @type {Worker} */ #worker;
    #numbers = 0;
    /** @type {Map<number, { resolve: (answer: any) => void, reject: (error: Error) => void, progress?: (part: number) => void }>} */
    #asked = new Map();
    /** @type {Map<string, { bytes: Uint8Array, name: string }>} */
    #loaded = new Map();
    /** @type {{ pack: string, what: string, batch: number, entries: number } | null} */
    #call = null;
    /** @type {number | undefined} */ #timer;
    /** Whether a worker has ever started: one that cannot is not tried again. */
    #started = false;
    #ready;
    /** @type {(error?: Error) => void} */ #settle = () => {};

    constructor() {
        this.#ready = new Promise((resolve, reject) => (this.#settle = (error) => (error ? reject(error) : resolve(undefined))));
        this.#worker = this.#start();
    }

    /** Resolves once packs can be run. */
    get ready() {
        return this.#ready;
    }

    /**
     * Reads, checks and compiles a module; its manifest.
     * @param {Uint8Array} bytes
     * @param {boolean} stranger
     * @returns {Promise<any>}
     */
    async load(bytes, stranger) {
        const manifest = await this.ask("load", { bytes, stranger });
        this.#loaded.set(manifest.module.sha256, { bytes, name: manifest.pack.name });
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
     * @returns {Promise<any>}
     */
    ask(what, asked = {}, progress) {
        const number = ++this.#numbers;
        const answered = new Promise((resolve, reject) => this.#asked.set(number, { resolve, reject, progress }));
        this.#worker.postMessage({ ...asked, number, what });
        // Whoever goes on typing gives a pack that does not return no more time.
        if (what === "check" && !this.#call) this.#watch(SILENCE);
        return answered;
    }

    #start() {
        const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
        worker.onmessage = ({ data }) => this.#heard(worker, data);
        worker.onerror = (event) => {
            event.preventDefault();
            this.#heard(worker, { fatal: event.message || "the worker has ended" });
        };
        return worker;
    }

    /**
     * @param {Worker} worker
     * @param {any} data
     */
    #heard(worker, data) {
        // What an ended worker has said is of no run that counts.
        if (worker !== this.#worker) return;
        if (data.call) {
            this.#call = data.call;
            this.#watch(DEADLINE);
        } else if (data.returned) {
            this.#call = null;
            this.#watch(SILENCE);
        } else if (data.ready) {
            this.#started = true;
            this.#settle();
        } else if (data.fatal && !this.#started) {
            this.#settle(new Error(data.fatal));
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
            if (this.#asked.size === 0) clearTimeout(this.#timer);
            if (data.error) asked.reject(Object.assign(new Error(data.error.message), { hint: data.error.hint }));
            else asked.resolve(data.answer);
        }
    }

    /** @param {number} wait */
    #watch(wait) {
        clearTimeout(this.#timer);
        if (this.#asked.size === 0) return;
        this.#timer = setTimeout(() => {
            // Messages that wait are seen before this is.
            this.#timer = setTimeout(() => this.#end(new Ended(this.#call)), GRACE);
        }, wait);
    }

    /**
     * Ends the worker with all that it was asked; a new one has every pack but the one that did not return.
     * @param {Error} error
     */
    #end(error) {
        clearTimeout(this.#timer);
        this.#worker.terminate();
        const asked = [...this.#asked.values()];
        this.#asked.clear();
        this.#call = null;
        this.#worker = this.#start();
        const ended = error instanceof Ended ? error.call?.pack : undefined;
        for (const [sha256, { bytes, name }] of this.#loaded) {
            if (name === ended) this.#loaded.delete(sha256);
            // It was tried when it came.
            else this.ask("load", { bytes, stranger: false }).catch(() => {});
        }
        for (const { reject } of asked) reject(error);
    }
}
