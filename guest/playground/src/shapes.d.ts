
/** Told of each call into a pack before it is made; with null for the pack when it has returned. */
export type Announce = (pack: string | null, what: "start" | "open" | "check" | "save" | "", batch: number, entries: number) => void;

export type Severity = "informational" | "low" | "medium" | "high" | "critical";

/** How lines are read; what is not said is found out, as `tripline check` does. */
export interface LinesSetup {
    format?: "rfc3164" | "rfc5424" | "iso" | "access" | "w3c" | "audit" | "cef" | "json" | "records" | "journal" | "logfmt" | "plain" | "finding" | null;
    /** The year of the first line whose stamp says none. If it is not said, it follows from `reference`. */
    year?: number | null;
    /**
     * Milliseconds since 1970: no line without a year is more than a day later than this, as `tripline check` takes the
     * time at which a file was last written. What is not said is now; null is nothing at all, and 1970, as a case has it.
     */
    reference?: number | null;
    /** Of stamps that say none: `UTC`, or an offset like `+02:00`. */
    timezone?: string | null;
}

/** Which packs judge, with which settings, and how each source's lines are read. */
export interface Setup {
    packs: { sha256: string; settings?: Record<string, unknown> | null }[];
    sources: LinesSetup[];
}

/** Where an event stands: its source from 0, its line from 1. */
export interface Place {
    source: number;
    line: number;
}

export interface Evidence extends Place {
    /** Null if it is no longer kept; at most its first 4 KiB. */
    text?: string | null;
    cut?: boolean;
}

/** Equal decisions, as one thing for a person to look at. */
export interface Incident {
    pack: string;
    rule: string;
    rule_title: string;
    severity: Severity;
    fingerprint: string | null;
    title: string;
    summary: string;
    count: number;
    first: string | null;
    last: string | null;
    values: [string, string][];
    tags: string[];
    overflow: boolean;
    evidence: Evidence[];
    evidence_dropped: number;
}

/** What a rule returned. */
export interface Decision {
    pack: string;
    rule: string;
    severity: Severity;
    fingerprint: string | null;
    title: string;
    summary: string;
    values: [string, string][];
    time: string | null;
    /** The event that set it off; null for a tick. */
    at: Place | null;
    evidence: Place[];
    evidence_dropped: number;
}

/** A pack's failure. */
export interface Fault {
    pack: string;
    rule: string | null;
    /** A word for programs: `trap`, `panic`, `memory`, … */
    fault: string;
    message: string;
    /** What an author may do about it. */
    hint: string | null;
    /** The event that is skipped for it. */
    at: Place | null;
    /** The pack is out from then on. */
    quarantined: boolean;
    state_lost: boolean;
}

/** What a pack has cost. */
export interface PackReport {
    pack: string;
    version: string;
    events: number;
    matches: number;
    batches: number;
    decisions: number;
    faults: number;
    logs_dropped: number;
    /** Always 0 from `check`, which measures no matching. */
    match_seconds: number;
    seconds: number;
    memory: number;
    /** Bytes that it saved at the end; null if it was not asked, or saves nothing. */
    state_bytes: number | null;
    starts: number;
    suspended: boolean;
    quarantined: boolean;
    /** Only in a `PageReport`. */
    calls?: {
        /** Calls with a batch: those that are made again after a fault, too. */
        count: number;
        total_seconds: number;
        longest_seconds: number;
        /** How many took longer than the CPU time that a server gives such a call. */
        over: number;
        /** Entries and seconds of the first 10,000. */
        each: [number, number][];
    };
}

/** What came of a check. */
export interface Report {
    version: 1;
    lines: number;
    matches: number;
    incident_count: number;
    decision_count: number;
    /**
     * SHA-256 of all decisions and faults, written as cases write them: of a pack that meets no limit and no trap the same
     * natively, in wasmtime and here. What a browser does not enforce (`enforced`) ends otherwise, later or not at all.
     */
    decisions_sha256: string;
    incidents: Incident[];
    decisions: Decision[];
    faults: Fault[];
    logs: { pack: string; level: string; text: string }[];
    packs: PackReport[];
    /** Which of a host's limits hold here. */
    enforced: { cpu: boolean; wall: boolean; memory: boolean; table: boolean; stack: boolean };
}

/** A report of which only the first incidents and decisions are listed. */
export interface PageReport extends Report {
    /** Lines that can be looked at. */
    rows: number;
}

/** A piece of a text: as it is, or marked with a label and a colour's number. */
export type Piece = [string] | [string, string, number];

export interface Rows {
    count: number;
    from: number;
    rows: {
        row: number;
        source: number;
        line: number;
        pieces: Piece[];
        cut: boolean;
        woke: string[];
        decided: boolean;
        evidence: boolean;
        faulted: boolean;
    }[];
}

/** All that is known of a line. */
export interface Why {
    source_number: number;
    line: number;
    lines: Piece[][];
    cut: boolean;
    time: string | null;
    format: string;
    source: { kind: string; product: string | null; service: string | null; category: string | null };
    message: string | null;
    fields: { name: string; type: string; value: string }[];
    decided: { severity: Severity; title: string; rule: string }[];
    faults: Fault[];
    packs: {
        pack: string;
        takes: boolean;
        suspended: boolean;
        woken: boolean;
        every_event: boolean;
        patterns: {
            name: string;
            field: string | null;
            colour: number;
            state: "matches" | "no-literal" | "no-value" | "differs";
            captures?: [string, string | null][];
            entry?: number | null;
            cut?: boolean;
            literals?: string[];
            more?: number;
        }[];
        wakes: { holds: boolean; all: [string, boolean][]; none: [string, boolean][] }[];
    }[];
}

export interface Mail {
    subject: string;
    text: string;
    html: string;
}

export interface PackProblem {
    /** Null if no pack of this digest is loaded. */
    pack: string | null;
    sha256?: string;
    message: string;
}

/** What a pack says of itself, as `tripline pack inspect --format json` has it. */
export interface Manifest {
    pack: { name: string; version: string; description: string; authors: string[]; licence: string; homepage: string };
    module: { bytes: number; sha256: string; imports: string[] };
    [key: string]: unknown;
}

export interface CaseFile {
    why: string;
    settings: Record<string, unknown>;
    sources: LinesSetup[];
    expected: string;
    /** Ids of the rules whose decisions are expected. */
    rules: string[];
    lines: Uint8Array[];
}

export type CaseOutcome = { holds: true } | { holds: false; batch: number; expected: string; found: string };
