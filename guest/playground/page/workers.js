// @ts-check
/**
 * Workers that have started before they are needed.
 *
 * The module is fetched and compiled once, here, and handed to each of them; a few stand by with their scripts loaded. So a
 * worker that had to be ended has a successor though nobody serves the page any more, and none is started in a loop.
 */

/** How many stand by. Each has the module's code in common with the others, and a memory of its own that is still small. */
const SPARE = 2;
/** How long a worker may take to start. */
const START = 15000;

/** No worker can be started. */
export class Unstartable extends Error {}

export class Workers {
    /** @type {Promise<WebAssembly.Module> | null} */ #module = null;
    /** @type {Promise<Worker>[]} */ #spare = [];

    /** A worker that has started. @returns {Promise<Worker>} */
    async take() {
        while (this.#spare.length > 0) {
            const spare = /** @type {Promise<Worker>} */ (this.#spare.shift());
            try {
                return await spare;
            } catch {
                // The next one may be better.
            }
        }
        return this.#start();
    }

    /** Has others stand by, as far as they can be started. */
    provide() {
        while (this.#spare.length < SPARE) {
            const spare = this.#start();
            spare.catch(() => (this.#spare = this.#spare.filter((one) => one !== spare)));
            this.#spare.push(spare);
        }
    }

    /** @returns {Promise<Worker>} */
    #start() {
        const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
        return new Promise((resolve, reject) => {
            const failed = (/** @type {string} */ why) => {
                clearTimeout(timer);
                worker.terminate();
                reject(new Unstartable(why));
            };
            const timer = setTimeout(() => failed(`it did not start within ${START / 1000} seconds`), START);
            worker.onmessage = ({ data }) => {
                if (data.fatal) return failed(data.fatal);
                clearTimeout(timer);
                resolve(worker);
            };
            worker.onerror = (event) => {
                event.preventDefault();
                failed(event.message || "its script cannot be loaded");
            };
            this.#compiled().then(
                (module) => worker.postMessage({ module }),
                (error) => failed(String(error.message ?? error)),
            );
        });
    }

    #compiled() {
        this.#module ??= compiled();
        // What could not be fetched now may be there when somebody tries again.
        this.#module.catch(() => (this.#module = null));
        return this.#module;
    }
}

async function compiled() {
    const url = new URL("tripline_bg.wasm", import.meta.url);
    const response = await fetch(url);
    if (!response.ok) throw new Error(`expected tripline_bg.wasm, found status ${response.status}`);
    // Not every web server knows what a .wasm is; only then its bytes are compiled once they are all there.
    if (response.headers.get("content-type")?.startsWith("application/wasm")) return WebAssembly.compileStreaming(response);
    return WebAssembly.compile(await response.arrayBuffer());
}
