/* The pack of counter.wat in C: one decision for every third event, over batch borders. No library, no allocator.
 *
 *   clang --target=wasm32 -O2 -nostdlib -mbulk-memory -Wl,--no-entry -o counter.wasm counter.c
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define EXPORT(name) __attribute__((export_name(#name)))
#define ABSENT 0xffffffffu

enum { ENTRIES = 1, MATCHES = 3, CAPTURES = 4, ARENA = 5, STATE = 18, DECISIONS = 32, VALUES = 33, EVIDENCE = 34 };

/* The ABI's records; wasm32 is little-endian and lays them out as they are drawn at the head of tripline-abi. */
struct header { u32 magic, length; u16 header, sections; u32 zero; };
struct section { u32 kind, offset, count, stride; };
struct span { u32 offset, length; };
struct entry {
    u8 id[16]; u64 time, received; u32 kind, log_source, flags, source; struct span raw, message;
    u32 first_field, fields, first_match, matches; u64 zero;
};
struct match { u32 pattern, list_entry, first_capture; u16 captures, flags; };
struct capture { u32 text, start, length, zero; };
struct decision {
    u32 rule, severity; struct span fingerprint, title, summary;
    u32 first_value, values, first_evidence, evidence; u8 trigger[16];
};
struct value { struct span name, value; };

/* A custom section can only be said in assembly; # quotes a string as assembly wants it. */
#define QUOTED(string) #string
__asm__(".section .custom_section.tripline.manifest,\"\",@\n"
    ".ascii " QUOTED("{\"abi\": 1, \"pack\": {\"name\": \"counter\", \"version\": \"1.0.0\"},") "\n"
    ".ascii " QUOTED("\"patterns\": [{\"name\": \"n\", \"regex\": \"n=(?P<n>[0-9]{1,20})\"}], \"wakes_on\": [\"n\"],") "\n"
    ".ascii " QUOTED("\"rules\": [{\"id\": \"third\", \"title\": \"A third event\", \"severity\": \"informational\"}]}") "\n");

/* What it has seen since the last decision. */
static struct { u32 seen; u8 ids[3][16]; } state;
static _Alignas(8) u8 reply[960 * 1024];

static void copy(void *to, const void *from, u32 length) { __builtin_memcpy(to, from, length); }

EXPORT(tripline_abi_1) void tripline_abi_1(void) {}

/* Input lies behind everything else, and the memory grows with it. */
EXPORT(tripline_buffer) u8 *tripline_buffer(u32 length)
{
    extern u8 __heap_base;
    u32 end = ((u32)&__heap_base + length + 0xffff) >> 16, pages = __builtin_wasm_memory_size(0);
    if (end > pages && __builtin_wasm_memory_grow(0, end - pages) == (u32)-1) __builtin_trap();
    return &__heap_base;
}

static const struct section *find(const u8 *frame, u32 kind)
{
    const struct header *header = (const void *)frame;
    const struct section *table = (const void *)(frame + header->header);
    for (u32 i = 0; i < header->sections; i++)
        if (table[i].kind == kind) return &table[i];
    return 0;
}

static const void *record(const u8 *frame, const struct section *section, u32 index)
{
    return frame + section->offset + section->stride * index;
}

EXPORT(tripline_open) u64 tripline_open(const u8 *frame, u32 length)
{
    const struct section *saved = find(frame, STATE);
    if (saved && saved->count != sizeof state) __builtin_trap();
    if (saved) copy(&state, record(frame, saved, 0), sizeof state);
    return 0;
}

EXPORT(tripline_save) u64 tripline_save(void)
{
    return (u64)(u32)&state << 32 | sizeof state;
}

/* The first capture of the entry's first match, if it lies in the message. */
static struct span captured(const u8 *batch, const struct entry *entry)
{
    struct span none = { 0, 0 };
    if (!entry->matches) return none;
    const struct match *match = record(batch, find(batch, MATCHES), entry->first_match);
    if (!match->captures) return none;
    const struct capture *capture = record(batch, find(batch, CAPTURES), match->first_capture);
    if (capture->text != 1 || capture->start == ABSENT) return none;
    return (struct span){ entry->message.offset + capture->start, capture->length };
}

EXPORT(tripline_check) u64 tripline_check(const u8 *batch, u32 length)
{
    const struct section *entries = find(batch, ENTRIES), *texts = find(batch, ARENA);
    if (!entries) return 0;
    u32 events = 0;
    for (u32 i = 0; i < entries->count; i++)
        events += ((const struct entry *)record(batch, entries, i))->kind == 0;
    u32 count = (state.seen + events) / 3, written = 0, text = 1;

    struct header *header = (void *)reply;
    struct section *table = (void *)(header + 1);
    struct decision *decisions = (void *)(table + 4);
    struct value *values = (void *)(decisions + count);
    u8 (*evidence)[16] = (void *)(values + count);
    u8 *arena = (void *)(evidence + 3 * count);
    if (arena + 1 + 20 * count > reply + sizeof reply) __builtin_trap();
    arena[0] = 'n';

    for (u32 i = 0; i < entries->count; i++) {
        const struct entry *entry = record(batch, entries, i);
        if (entry->kind != 0) continue;
        copy(state.ids[state.seen++], entry->id, 16);
        if (state.seen < 3) continue;
        state.seen = 0;
        struct span n = captured(batch, entry);
        if (n.length) copy(arena + text, record(batch, texts, n.offset), n.length);
        values[written] = (struct value){ { 0, 1 }, { text, n.length } };
        text += n.length;
        struct decision decision = { 0, ABSENT, { ABSENT, 0 }, { ABSENT, 0 }, { ABSENT, 0 }, written, 1, 3 * written, 3 };
        copy(decision.trigger, entry->id, 16);
        decisions[written] = decision;
        copy(evidence + 3 * written++, state.ids, sizeof state.ids);
    }
    if (!written) return 0;

    table[0] = (struct section){ DECISIONS, (u32)((u8 *)decisions - reply), count, sizeof *decisions };
    table[1] = (struct section){ VALUES, (u32)((u8 *)values - reply), count, sizeof *values };
    table[2] = (struct section){ EVIDENCE, (u32)((u8 *)evidence - reply), 3 * count, 16 };
    table[3] = (struct section){ ARENA, (u32)(arena - reply), text, 1 };
    *header = (struct header){ 0x31524c54 /* TLR1 */, (u32)(arena + text - reply), sizeof *header, 4, 0 };
    return (u64)(u32)reply << 32 | header->length;
}
