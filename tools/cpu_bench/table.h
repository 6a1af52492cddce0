/* What CPUID answers: from a table, or from the machine itself. */

#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct registers {
    uint32_t eax, ebx, ecx, edx;
};

struct row {
    uint32_t leaf, subleaf;
    bool any_subleaf;
    struct registers answer;
};

enum { MAX_ROWS = 512 };

struct table {
    size_t count;
    struct row rows[MAX_ROWS];
};

/* Read a table; false with a sentence on standard error where it is not one. */
bool table_read(struct table *table, const char *path);

/* The answer to CPUID with these values in EAX and ECX. */
struct registers table_answer(const struct table *table, uint32_t leaf, uint32_t subleaf);

/* Write the names of the features that the table promises and this machine lacks, with spaces
   before each; returns how many there are. */
int table_missing(const struct table *table, char *names, size_t size);

/* Write the answers of this machine as a table. */
void machine_dump(FILE *out);

#endif
