/* Which patterns match each line, by Vectorscan, on one core: `vectorscan LOG PATTERNS`, as matching/main.rs prints it. */
#include <hs/hs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t pairs, sum, line, *seen;

static void fail(const char *words) {
    fprintf(stderr, "%s\n", words);
    exit(1);
}

/* A pattern may match a line in several places: it counts once. */
static int matched(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
    (void)from, (void)to, (void)flags, (void)context;
    if (seen[id] == line) return 0;
    seen[id] = line;
    uint64_t mixed = (line << 20 | id) * 0x9e3779b97f4a7c15u;
    pairs++, sum += mixed ^ mixed >> 29;
    return 0;
}

static char *whole(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    if (!file) fail("expected a file");
    fseek(file, 0, SEEK_END);
    *length = ftell(file);
    rewind(file);
    char *bytes = malloc(*length + 1);
    if (!bytes || fread(bytes, 1, *length, file) != *length) fail("cannot read");
    bytes[*length] = 0;
    fclose(file);
    return bytes;
}

int main(int count, char **arguments) {
    if (count != 3) fail("usage: vectorscan LOG PATTERNS");
    size_t length, texts;
    char *log = whole(arguments[1], &length), *patterns = whole(arguments[2], &texts);
    const char *name = strrchr(arguments[2], '/');
    int is_literal = strncmp(name ? name + 1 : arguments[2], "literals", 8) == 0;
    size_t most = 0, number = 0;
    for (size_t at = 0; at < texts; at++) most += patterns[at] == '\n';
    const char **expressions = calloc(most, sizeof *expressions);
    unsigned *flags = calloc(most, sizeof *flags), *ids = calloc(most, sizeof *ids);
    size_t *lengths = calloc(most, sizeof *lengths);
    seen = calloc(most, sizeof *seen);
    for (char *text = strtok(patterns, "\n"); text; text = strtok(NULL, "\n")) {
        expressions[number] = text, lengths[number] = strlen(text), ids[number] = number;
        flags[number++] = HS_FLAG_SINGLEMATCH;
    }
    hs_database_t *database;
    hs_compile_error_t *error;
    hs_error_t made = is_literal
        ? hs_compile_lit_multi(expressions, flags, ids, lengths, number, HS_MODE_BLOCK, NULL, &database, &error)
        : hs_compile_multi(expressions, flags, ids, number, HS_MODE_BLOCK, NULL, &database, &error);
    if (made != HS_SUCCESS) fail(error->message);
    hs_scratch_t *scratch = NULL;
    if (hs_alloc_scratch(database, &scratch) != HS_SUCCESS) fail("no memory");
    double best = 1e9;
    for (int time = 0; time < 3; time++) {
        struct timespec begun, ended;
        pairs = sum = line = 0;
        memset(seen, 0, most * sizeof *seen);
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begun);
        for (char *at = log, *end = log + length; at < end;) {
            char *feed = memchr(at, '\n', end - at);
            if (!feed) feed = end;
            line++;
            hs_scan(database, at, feed - at, 0, scratch, matched, NULL);
            at = feed + 1;
        }
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ended);
        double took = ended.tv_sec - begun.tv_sec + (ended.tv_nsec - begun.tv_nsec) / 1e9;
        if (took < best) best = took;
    }
    printf("vectorscan %.0f %llu %016llx\n", length / 1e6 / best, (unsigned long long)pairs, (unsigned long long)sum);
    return 0;
}
