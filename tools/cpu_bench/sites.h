/* Where in a program or library the CPUID instructions are. */

#ifndef SITES_H
#define SITES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct sites {
    size_t count;
    uint64_t *offsets; /* in the file, ascending */
};

/* The CPUID instructions of a file, which is a 64-bit ELF file or has none; NULL with a sentence on
   standard error where they cannot be told. Remembered in the folder `cache`, unless it is NULL,
   since a large library takes the disassembler seconds. */
const struct sites *sites_of(const char *path, const char *cache);

#endif
