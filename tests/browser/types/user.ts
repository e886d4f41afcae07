/** Somebody else's program: what it may give, and what the compiler has to refuse. */
import init, { check, Playground, type Decision, type Report } from "./tripline.js";

export async function tried(pack: Uint8Array, log: string): Promise<[Decision[], number]> {
    await init({ module_or_path: new Uint8Array() });
    const report: Report = await check(pack, { threshold: 3 }, log, { year: 2026, reference: Date.now() });
    const bare: Report = await check(await new Response().arrayBuffer(), null, new Uint8Array());
    const playground = new Playground((pack, what, batch) => console.log(pack?.length, what, batch + 1));
    const rows = playground.rows("faulted", 0, 10);
    return [[...report.decisions, ...bare.decisions], rows.rows.length];
}

export function refused(pack: Uint8Array) {
    // @ts-expect-error lines are one text
    void check(pack, null, ["line1", "line2"]);
    // @ts-expect-error a module is bytes
    void check("my-pack.wasm", null, "");
    // @ts-expect-error there is no such format
    void check(pack, null, "", { format: "csv" });
}
