/* Where in a program or library the CPUID instructions are.

   The bytes of the instruction also occur within others and within data, so that the system's
   disassembler is asked; files without the bytes in executable segments are spared that. */

#define _GNU_SOURCE
#include "sites.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const unsigned char CPUID[] = {0x0F, 0xA2};

struct known {
    struct known *next;
    struct stat id;
    struct sites sites;
};

struct image {
    int fd;
    const unsigned char *bytes;
    size_t size;
};

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void add(struct sites *sites, uint64_t offset)
{
    /* Grown at powers of two, so that no capacity has to be kept. */
    if ((sites->count & (sites->count - 1)) == 0) {
        size_t capacity = sites->count ? 2 * sites->count : 1;
        sites->offsets = realloc(sites->offsets, capacity * sizeof *sites->offsets);
        if (!sites->offsets)
            abort();
    }
    sites->offsets[sites->count++] = offset;
}

/* The program headers; NULL where the file is no 64-bit ELF file. */
static const Elf64_Phdr *segments(const struct image *image, size_t *count)
{
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)image->bytes;
    if (image->size < sizeof *header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
        header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_phoff > image->size ||
        header->e_phnum * sizeof(Elf64_Phdr) > image->size - header->e_phoff)
        return NULL;
    *count = header->e_phnum;
    return (const Elf64_Phdr *)(image->bytes + header->e_phoff);
}

static bool executable(const struct image *image, const Elf64_Phdr *segment)
{
    return segment->p_type == PT_LOAD && segment->p_flags & PF_X &&
           segment->p_offset <= image->size && segment->p_filesz <= image->size - segment->p_offset;
}

static bool may_have_any(const struct image *image)
{
    size_t count = 0;
    const Elf64_Phdr *segment = segments(image, &count);
    for (size_t i = 0; segment && i < count; i++, segment++)
        if (executable(image, segment) &&
            memmem(image->bytes + segment->p_offset, segment->p_filesz, CPUID, sizeof CPUID))
            return true;
    return false;
}

static void add_address(struct sites *sites, const struct image *image, uint64_t address)
{
    size_t count = 0;
    const Elf64_Phdr *segment = segments(image, &count);
    for (size_t i = 0; i < count; i++, segment++) {
        uint64_t offset = address - segment->p_vaddr + segment->p_offset;
        if (executable(image, segment) && address >= segment->p_vaddr &&
            address - segment->p_vaddr + sizeof CPUID <= segment->p_filesz &&
            memcmp(image->bytes + offset, CPUID, sizeof CPUID) == 0)
            add(sites, offset);
    }
}

/* A line is "  4011d6:\tcpuid". */
static bool is_cpuid(char *line, uint64_t *address)
{
    char *end;
    *address = strtoull(line, &end, 16);
    if (*end++ != ':')
        return false;
    end += strspn(end, " \t");
    end[strcspn(end, " \n")] = '\0';
    return strcmp(end, "cpuid") == 0;
}

static bool disassemble(struct sites *sites, const struct image *image)
{
    char command[96], *line = NULL;
    size_t size = 0;
    uint64_t address;
    /* By its descriptor, so that the shell need not be told a name. */
    snprintf(command, sizeof command, "exec objdump -d --no-show-raw-insn /proc/self/fd/%d",
             image->fd);
    FILE *listing = popen(command, "r");
    if (!listing)
        return false;
    while (getline(&line, &size, listing) > 0)
        if (is_cpuid(line, &address))
            add_address(sites, image, address);
    free(line);
    return pclose(listing) == 0;
}

/* The build id of the linker, in hexadecimal; false where the file has none. */
static bool build_id(char *text, size_t size, const struct image *image, const Elf64_Phdr *segment)
{
    const unsigned char *at = image->bytes + segment->p_offset, *end = at + segment->p_filesz;
    while ((size_t)(end - at) >= sizeof(Elf64_Nhdr)) {
        const Elf64_Nhdr *note = (const Elf64_Nhdr *)at;
        size_t name = (note->n_namesz + 3u) & ~3u, value = (note->n_descsz + 3u) & ~3u;
        if (name + value > (size_t)(end - at) - sizeof *note)
            return false;
        at += sizeof *note;
        if (note->n_type == NT_GNU_BUILD_ID && name == 4 && memcmp(at, "GNU", 4) == 0 &&
            note->n_descsz >= 8 && 2 * (size_t)note->n_descsz < size) {
            for (size_t i = 0; i < note->n_descsz; i++)
                snprintf(text + 2 * i, 3, "%02x", at[name + i]);
            return true;
        }
        at += name + value;
    }
    return false;
}

/* Equal for copies of a library: by its build id, size, and layout, since tools that repair wheels
   move its parts and keep the id. By its place on the disk where it has no id. */
static void cache_name(char *name, size_t size, const char *cache, const struct stat *id,
                       const struct image *image)
{
    char text[160];
    size_t count = 0;
    const Elf64_Phdr *first = segments(image, &count);
    uint64_t layout = 0xcbf29ce484222325; /* FNV-1a */
    for (size_t i = 0; first && i < count * sizeof *first; i++)
        layout = (layout ^ ((const unsigned char *)first)[i]) * 0x100000001b3;
    for (size_t i = 0; first && i < count; i++) {
        const Elf64_Phdr *segment = first + i;
        if (segment->p_type == PT_NOTE && segment->p_offset <= image->size &&
            segment->p_filesz <= image->size - segment->p_offset &&
            build_id(text, sizeof text, image, segment)) {
            snprintf(name, size, "%s/id-%s-%lx-%lx", cache, text, (long)id->st_size, (long)layout);
            return;
        }
    }
    snprintf(name, size, "%s/%lx-%lx-%lx-%lx.%09ld", cache, (long)id->st_dev, (long)id->st_ino,
             (long)id->st_size, (long)id->st_mtim.tv_sec, id->st_mtim.tv_nsec);
}

static bool recall(struct sites *sites, const char *name)
{
    uint64_t offset;
    FILE *file = fopen(name, "re");
    if (!file)
        return false;
    while (fscanf(file, "%lx", &offset) == 1)
        add(sites, offset);
    fclose(file);
    return true;
}

/* Written under a name of its own and renamed, since several may run at once. */
static void remember(const struct sites *sites, const char *name)
{
    char own[4200];
    snprintf(own, sizeof own, "%s.%d", name, getpid());
    FILE *file = fopen(own, "we");
    if (!file)
        return;
    for (size_t i = 0; i < sites->count; i++)
        fprintf(file, "%lx\n", sites->offsets[i]);
    if (fclose(file) != 0 || rename(own, name) != 0)
        unlink(own);
}

static bool load(struct sites *sites, int fd, const struct stat *id, const char *cache)
{
    char name[4096];
    size_t size = (size_t)id->st_size;
    if (!S_ISREG(id->st_mode) || size == 0)
        return true;
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return false;
    struct image image = {fd, bytes, size};
    if (cache)
        cache_name(name, sizeof name, cache, id, &image);
    bool known = cache && recall(sites, name);
    bool done = known || !may_have_any(&image) || disassemble(sites, &image);
    if (cache && done && !known)
        remember(sites, name);
    munmap(bytes, size);
    return done;
}

static struct known *learn(int fd, const struct stat *id, const char *cache)
{
    struct known *known = calloc(1, sizeof *known);
    if (!known)
        abort();
    known->id = *id;
    if (load(&known->sites, fd, id, cache))
        return known;
    free(known);
    return NULL;
}

const struct sites *sites_of(const char *path, const char *cache)
{
    static struct known *all;
    struct stat id;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &id) != 0) {
        fprintf(stderr, "cpumask: %s: %s\n", path, strerror(errno));
        return NULL;
    }
    struct known *known = all;
    while (known && !same_file(&known->id, &id))
        known = known->next;
    if (!known && (known = learn(fd, &id, cache))) {
        known->next = all;
        all = known;
    }
    close(fd);
    if (!known)
        fprintf(stderr, "cpumask: %s: objdump, of binutils, failed and is needed\n", path);
    return known ? &known->sites : NULL;
}
