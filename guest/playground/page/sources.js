// @ts-check
/** The lines that are tried: each source is a text that can be edited, or the bytes of a file. */
import { size } from "./dom.js";

/** Bytes of lines that a text field takes; longer logs are shown, and not edited. */
export const EDITABLE = 512 * 1024;
/** Bytes of lines in all: the engine has 4 GiB of memory, and holds them more than once. */
export const MOST = 512 * 1024 * 1024;

/** What is there at first. */
export const SAMPLE = `Mar 14 08:12:01 web1 sshd[4100]: Accepted publickey for alice from 198.51.100.8 port 50112 ssh2
Mar 14 08:12:40 web1 sshd[4117]: Failed password for invalid user admin from 203.0.113.45 port 41022 ssh2
Mar 14 08:12:42 web1 sshd[4117]: Failed password for invalid user admin from 203.0.113.45 port 41022 ssh2
Mar 14 08:12:45 web1 sshd[4119]: Failed password for root from 203.0.113.45 port 41030 ssh2
Mar 14 08:12:47 web1 sshd[4119]: Failed password for root from 203.0.113.45 port 41030 ssh2
Mar 14 08:12:50 web1 sshd[4123]: Failed password for root from 203.0.113.45 port 41044 ssh2
Mar 14 08:13:02 web1 shop[811]: ERROR payment 4711 failed after 3 attempts
Mar 14 08:13:20 web1 CRON[4130]: (root) CMD (run-parts /etc/cron.hourly)
`;

/**
 * @typedef {object} Source
 * @property {string} name
 * @property {string | null} text null: it cannot be edited
 * @property {Uint8Array | null} bytes what it is, for as long as the text is not edited
 * @property {string} ends how its lines end
 * @property {string} why why it cannot be edited
 * @property {import("./tripline.js").LinesSetup["format"]} format
 * @property {number | null} year
 * @property {string | null} timezone
 * @property {number | null | undefined} reference when it was last written; `undefined`: now; null: nobody knows, as of a case
 */

/** @param {string} name @param {string | null} text @param {Uint8Array | null} [bytes] @returns {Source} */
export const newSource = (name, text, bytes = null) => ({ name, text, bytes, ends: "\n", why: "", format: null, year: null, timezone: null, reference: undefined });

/** @param {Source} source */
export const bytesOf = ({ bytes, text, ends }) => bytes ?? new TextEncoder().encode(ends === "\n" ? (text ?? "") : (text ?? "").replaceAll("\n", ends));

/** @param {Source} source @returns {import("./tripline.js").LinesSetup} */
export const setupOf = ({ format, year, timezone, reference }) => ({ format, year, timezone, reference });

/** Somebody has typed. @param {Source} source @param {string} text */
export function edit(source, text) {
    [source.text, source.bytes] = [text, null];
}

/**
 * A source of these bytes: a text that can be edited, if it is one. Until it is edited, its bytes stay what they are.
 * @param {string} name
 * @param {Uint8Array} bytes
 */
export function sourceOf(name, bytes) {
    const source = newSource(name, null, bytes);
    if (bytes.length > EDITABLE) source.why = `It has ${size(bytes.length)}, and up to ${size(EDITABLE)} can be edited here.`;
    else if (bytes.includes(0)) source.why = "It has a byte 0, which no text field can hold.";
    else {
        try {
            const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
            // A text field has line feeds alone; others come back when it is edited.
            const ends = new Set(text.match(/\r\n?|\n/g) ?? ["\n"]);
            if (ends.size > 1) source.why = "Its lines end in more than one way, which no text field can hold.";
            else [source.text, source.ends] = [text.replace(/\r\n?/g, "\n"), [...ends][0]];
        } catch {
            source.why = "Not all of its bytes are UTF-8, which no text field can hold.";
        }
    }
    return source;
}

/** Its bytes, unpacked if its name says that they are packed. @param {Blob & { name?: string }} file */
export async function bytesOfFile(file) {
    if (!file.name?.toLowerCase().endsWith(".gz")) {
        if (file.size > MOST) throw tooMuch();
        return new Uint8Array(await file.arrayBuffer());
    }
    const parts = [];
    let sum = 0;
    const reader = file.stream().pipeThrough(new DecompressionStream("gzip")).getReader();
    try {
        for (;;) {
            const { done, value } = await reader.read();
            if (done) return new Uint8Array(await new Blob(parts).arrayBuffer());
            sum += value.length;
            // Few bytes may unpack to more than there is room for.
            if (sum > MOST) throw tooMuch();
            parts.push(value);
        }
    } catch (error) {
        await reader.cancel().catch(() => {});
        throw error instanceof TypeError ? new Error("it is no whole gzip file") : error;
    }
}

const tooMuch = () => new Error(`it has more than ${size(MOST)}`);

/** What is wrong with a time zone, if anything is. @param {string} text */
export function wrongZone(text) {
    if (text === "" || text.toLowerCase() === "utc") return null;
    const [, hours, minutes] = text.match(/^[+-]([0-9]{1,2}):([0-9]{2})$/) ?? [];
    return Number(hours) < 24 && Number(minutes) < 60 ? null : `expected UTC or an offset like +02:00 as the time zone, found ${text}: no browser brings the zones of a server`;
}

/** What is wrong with a year, if anything is. @param {string} text @param {boolean} bad whether it is no number at all */
export function wrongYear(text, bad) {
    if (text === "" && !bad) return null;
    return /^[0-9]{4}$/.test(text) && Number(text) >= 1970 ? null : `expected a year from 1970 to 9999, found ${text || "no number"}`;
}
