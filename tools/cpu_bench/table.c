/* What CPUID answers: from a table, or from the machine itself. */

#include "table.h"

#include <cpuid.h>
#include <errno.h>
#include <string.h>

enum { XSAVE_LEAF = 0xD };
static const uint32_t EXTENDED = 0x80000000;
static const uint32_t INTEL = 0x756e6547; /* "Genu", in EBX of leaf 0 */

enum reg { EAX, EBX, ECX, EDX };

/* Instructions that a program may use once CPUID promises them. Bits that only a system's kernel
   reads, or that only describe, are not here: a table may hold them on any machine. */
static const struct feature {
    uint32_t leaf, subleaf;
    enum reg reg;
    int bit;
    const char *name;
} FEATURES[] = {
    {1, 0, ECX, 0, "SSE3"},
    {1, 0, ECX, 1, "PCLMULQDQ"},
    {1, 0, ECX, 9, "SSSE3"},
    {1, 0, ECX, 12, "FMA"},
    {1, 0, ECX, 13, "CX16"},
    {1, 0, ECX, 19, "SSE4.1"},
    {1, 0, ECX, 20, "SSE4.2"},
    {1, 0, ECX, 22, "MOVBE"},
    {1, 0, ECX, 23, "POPCNT"},
    {1, 0, ECX, 25, "AES"},
    {1, 0, ECX, 26, "XSAVE"},
    {1, 0, ECX, 27, "OSXSAVE"},
    {1, 0, ECX, 28, "AVX"},
    {1, 0, ECX, 29, "F16C"},
    {1, 0, ECX, 30, "RDRAND"},
    {7, 0, EBX, 0, "FSGSBASE"},
    {7, 0, EBX, 3, "BMI1"},
    {7, 0, EBX, 4, "HLE"},
    {7, 0, EBX, 5, "AVX2"},
    {7, 0, EBX, 8, "BMI2"},
    {7, 0, EBX, 11, "RTM"},
    {7, 0, EBX, 14, "MPX"},
    {7, 0, EBX, 16, "AVX512F"},
    {7, 0, EBX, 17, "AVX512DQ"},
    {7, 0, EBX, 18, "RDSEED"},
    {7, 0, EBX, 19, "ADX"},
    {7, 0, EBX, 21, "AVX512IFMA"},
    {7, 0, EBX, 23, "CLFLUSHOPT"},
    {7, 0, EBX, 24, "CLWB"},
    {7, 0, EBX, 26, "AVX512PF"},
    {7, 0, EBX, 27, "AVX512ER"},
    {7, 0, EBX, 28, "AVX512CD"},
    {7, 0, EBX, 29, "SHA"},
    {7, 0, EBX, 30, "AVX512BW"},
    {7, 0, EBX, 31, "AVX512VL"},
    {7, 0, ECX, 1, "AVX512VBMI"},
    {7, 0, ECX, 4, "OSPKE"},
    {7, 0, ECX, 5, "WAITPKG"},
    {7, 0, ECX, 6, "AVX512VBMI2"},
    {7, 0, ECX, 8, "GFNI"},
    {7, 0, ECX, 9, "VAES"},
    {7, 0, ECX, 10, "VPCLMULQDQ"},
    {7, 0, ECX, 11, "AVX512VNNI"},
    {7, 0, ECX, 12, "AVX512BITALG"},
    {7, 0, ECX, 14, "AVX512VPOPCNTDQ"},
    {7, 0, ECX, 22, "RDPID"},
    {7, 0, ECX, 27, "MOVDIRI"},
    {7, 0, ECX, 28, "MOVDIR64B"},
    {7, 0, EDX, 2, "AVX512-4VNNIW"},
    {7, 0, EDX, 3, "AVX512-4FMAPS"},
    {7, 0, EDX, 8, "AVX512VP2INTERSECT"},
    {7, 0, EDX, 14, "SERIALIZE"},
    {7, 0, EDX, 22, "AMX-BF16"},
    {7, 0, EDX, 23, "AVX512FP16"},
    {7, 0, EDX, 24, "AMX-TILE"},
    {7, 0, EDX, 25, "AMX-INT8"},
    {7, 1, EAX, 4, "AVX-VNNI"},
    {7, 1, EAX, 5, "AVX512BF16"},
    {7, 1, EAX, 23, "AVX-IFMA"},
    {0x80000001, 0, ECX, 0, "LAHF"},
    {0x80000001, 0, ECX, 5, "LZCNT"},
    {0x80000001, 0, ECX, 6, "SSE4A"},
    {0x80000001, 0, ECX, 8, "PREFETCHW"},
    {0x80000001, 0, ECX, 11, "XOP"},
    {0x80000001, 0, ECX, 16, "FMA4"},
    {0x80000001, 0, ECX, 21, "TBM"},
    {0x80000001, 0, ECX, 29, "MWAITX"},
    {0x80000001, 0, EDX, 27, "RDTSCP"},
    {0x80000001, 0, EDX, 31, "3DNOW"},
    {0x80000008, 0, EBX, 0, "CLZERO"},
};

/* The register state that the system has to save for a feature to be usable. */
enum { AVX_STATE = 0x6, AVX512_STATE = 0xE6 };

static struct registers machine_answer(uint32_t leaf, uint32_t subleaf)
{
    struct registers out;
    __cpuid_count(leaf, subleaf, out.eax, out.ebx, out.ecx, out.edx);
    return out;
}

static uint32_t highest(uint32_t leaf)
{
    return machine_answer(leaf & EXTENDED, 0).eax;
}

/* Past the highest leaf Intel's processors answer another leaf, which would be read as features. */
static struct registers machine_listed(uint32_t leaf, uint32_t subleaf)
{
    struct registers none = {0, 0, 0, 0};
    return leaf <= highest(leaf) ? machine_answer(leaf, subleaf) : none;
}

static bool parse_row(const char *line, struct row *row)
{
    char subleaf[16], rest;
    struct registers *answer = &row->answer;
    if (sscanf(line, "%x %15s %x %x %x %x %c", &row->leaf, subleaf, &answer->eax, &answer->ebx,
               &answer->ecx, &answer->edx, &rest) != 6)
        return false;
    row->any_subleaf = strcmp(subleaf, "-") == 0;
    row->subleaf = 0;
    return row->any_subleaf || sscanf(subleaf, "%x%c", &row->subleaf, &rest) == 1;
}

static bool read_rows(struct table *table, FILE *file, const char *path)
{
    char line[256];
    for (int number = 1; fgets(line, sizeof line, file); number++) {
        line[strcspn(line, "#\n")] = '\0';
        if (line[strspn(line, " \t")] == '\0')
            continue;
        if (table->count == MAX_ROWS || !parse_row(line, &table->rows[table->count])) {
            fprintf(stderr, "cpumask: %s:%d: expected \"leaf subleaf eax ebx ecx edx\": %s\n", path,
                    number, line);
            return false;
        }
        table->count++;
    }
    if (table->count == 0)
        fprintf(stderr, "cpumask: %s: no leaf is listed\n", path);
    return table->count > 0;
}

bool table_read(struct table *table, const char *path)
{
    FILE *file = fopen(path, "re");
    table->count = 0;
    if (!file) {
        fprintf(stderr, "cpumask: %s: %s\n", path, strerror(errno));
        return false;
    }
    bool done = read_rows(table, file, path);
    fclose(file);
    return done;
}

static struct registers listed(const struct table *table, uint32_t leaf, uint32_t subleaf)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct row *row = &table->rows[i];
        if (row->leaf == leaf && (row->any_subleaf || row->subleaf == subleaf))
            return row->answer;
    }
    return (struct registers){0, 0, 0, 0};
}

/* The sizes are the machine's, since its XSAVE stores what its system has enabled, whatever the
   table says: glibc would lay out too small a buffer. Only the forms of XSAVE are the table's. */
static struct registers xsave_answer(const struct table *table, uint32_t subleaf)
{
    struct registers out = machine_listed(XSAVE_LEAF, subleaf);
    if (subleaf == 1)
        out.eax &= listed(table, XSAVE_LEAF, 1).eax;
    return out;
}

struct registers table_answer(const struct table *table, uint32_t leaf, uint32_t subleaf)
{
    struct registers zero = listed(table, 0, 0);
    bool past = leaf > listed(table, leaf & EXTENDED, 0).eax;
    if (past && zero.ebx == INTEL)
        leaf = zero.eax; /* as the manual has it: the highest basic leaf answers */
    else if (past)
        return (struct registers){0, 0, 0, 0};
    if (leaf == XSAVE_LEAF && listed(table, 1, 0).ecx & bit_XSAVE)
        return xsave_answer(table, subleaf);
    return listed(table, leaf, subleaf);
}

static bool has(struct registers answer, enum reg reg, int bit)
{
    const uint32_t values[] = {answer.eax, answer.ebx, answer.ecx, answer.edx};
    return values[reg] >> bit & 1;
}

/* Which register states the system saves: the low half of XCR0. */
static uint32_t saved_states(void)
{
    uint32_t low, high;
    if (!(machine_answer(1, 0).ecx & bit_OSXSAVE))
        return 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static int add_name(char *names, size_t size, const char *name)
{
    size_t length = strlen(names);
    snprintf(names + length, size - length, " %s", name);
    return 1;
}

static int missing_state(const struct table *table, char *names, size_t size)
{
    uint32_t saved = saved_states();
    if (listed(table, 7, 0).ebx & bit_AVX512F && (saved & AVX512_STATE) != AVX512_STATE)
        return add_name(names, size, "AVX512-STATE");
    if (listed(table, 1, 0).ecx & bit_AVX && (saved & AVX_STATE) != AVX_STATE)
        return add_name(names, size, "AVX-STATE");
    return 0;
}

int table_missing(const struct table *table, char *names, size_t size)
{
    int count = 0;
    names[0] = '\0';
    for (size_t i = 0; i < sizeof FEATURES / sizeof *FEATURES; i++) {
        const struct feature *f = &FEATURES[i];
        if (has(table_answer(table, f->leaf, f->subleaf), f->reg, f->bit) &&
            !has(machine_listed(f->leaf, f->subleaf), f->reg, f->bit))
            count += add_name(names, size, f->name);
    }
    return count + missing_state(table, names, size);
}

static void dump_row(FILE *out, uint32_t leaf, int subleaf)
{
    char name[8] = "-";
    struct registers r = machine_answer(leaf, subleaf < 0 ? 0 : (uint32_t)subleaf);
    if (!(r.eax | r.ebx | r.ecx | r.edx))
        return; /* as what is not listed */
    if (subleaf >= 0)
        snprintf(name, sizeof name, "%x", (unsigned)subleaf);
    fprintf(out, "%08x %2s %08x %08x %08x %08x\n", leaf, name, r.eax, r.ebx, r.ecx, r.edx);
}

static int subleaves(uint32_t leaf)
{
    switch (leaf) {
    case 4: case 7: case 0xB: case 0xF: case 0x10: case 0x12: case 0x14: case 0x17: case 0x18:
    case 0x1F: case 0x8000001D: case 0x80000020: case 0x80000026:
        return 8;
    case XSAVE_LEAF:
        return 20;
    default:
        return 0;
    }
}

static void dump_range(FILE *out, uint32_t first)
{
    for (uint32_t leaf = first; leaf <= highest(first); leaf++) {
        if (subleaves(leaf) == 0)
            dump_row(out, leaf, -1);
        for (int i = 0; i < subleaves(leaf); i++)
            dump_row(out, leaf, i);
    }
}

void machine_dump(FILE *out)
{
    fprintf(out, "# leaf subleaf eax ebx ecx edx\n");
    dump_range(out, 0);
    dump_range(out, EXTENDED);
}
