/* Making CPUID stop a process, and answering it. */

#define _GNU_SOURCE
#include "intercept.h"

#include "sites.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CPUID_SWITCH = 0x1012 }; /* ARCH_SET_CPUID, which older headers lack */
enum { INT3 = 0xCC, CPUID_1 = 0x0F, CPUID_2 = 0xA2, CPUID_SIZE = 2 };
enum { NAME = 4200 }; /* the longest path, and more; as in the format below */

_Noreturn void stop(int status, const char *what)
{
    fprintf(stderr, "cpumask: %s: %s\n", what, strerror(errno));
    exit(status); /* ends the tracees too, as asked for with PTRACE_O_EXITKILL */
}

/* A process may be killed while it is stopped; its end is then the next to be reported. */
static bool killed(pid_t pid)
{
    struct user_regs_struct regs;
    return ptrace(PTRACE_GETREGS, pid, 0, &regs) != 0 && errno == ESRCH;
}

static void require(bool done, pid_t pid, const char *what)
{
    if (!done && !killed(pid))
        stop(FAILED, what);
}

/* ---- answering an instruction ---- */

static bool read_memory(pid_t pid, uint64_t address, void *bytes, size_t size)
{
    struct iovec here = {bytes, size}, there = {(void *)address, size};
    return process_vm_readv(pid, &here, 1, &there, 1, 0) == (ssize_t)size;
}

/* Whether the memory holds an instruction, given its first byte: its own, or that of INT3. */
static bool is_cpuid(pid_t pid, uint64_t address, unsigned char first)
{
    unsigned char bytes[CPUID_SIZE];
    return read_memory(pid, address, bytes, sizeof bytes) && bytes[0] == first &&
           bytes[1] == CPUID_2;
}

static void answer_at(pid_t pid, struct user_regs_struct *regs, uint64_t address,
                      const struct table *table)
{
    struct registers out = table_answer(table, (uint32_t)regs->rax, (uint32_t)regs->rcx);
    regs->rax = out.eax;
    regs->rbx = out.ebx;
    regs->rcx = out.ecx;
    regs->rdx = out.edx;
    regs->rip = address + CPUID_SIZE;
    ptrace(PTRACE_SETREGS, pid, 0, regs);
}

bool answer(pid_t pid, int signal, enum way way, const struct table *table)
{
    struct user_regs_struct regs;
    siginfo_t info;
    bool breakpoint = way == BREAKPOINTS;
    if (signal != (breakpoint ? SIGTRAP : SIGSEGV) ||
        ptrace(PTRACE_GETSIGINFO, pid, 0, &info) != 0 || info.si_code != SI_KERNEL ||
        ptrace(PTRACE_GETREGS, pid, 0, &regs) != 0)
        return false;
    /* INT3 is reported behind itself, a fault at the instruction. */
    uint64_t address = breakpoint ? regs.rip - 1 : regs.rip;
    if (!is_cpuid(pid, address, breakpoint ? INT3 : CPUID_1))
        return false;
    answer_at(pid, &regs, address, table);
    return true;
}

/* ---- breakpoints ---- */

static void set_byte(pid_t pid, uint64_t address, unsigned char from, unsigned char to)
{
    uint64_t word, aligned = address & ~(sizeof word - 1);
    unsigned shift = 8 * (unsigned)(address - aligned);
    bool done = read_memory(pid, aligned, &word, sizeof word);
    if (done && (word >> shift & 0xFF) == from) { /* not set before */
        word = (word & ~((uint64_t)0xFF << shift)) | (uint64_t)to << shift;
        done = ptrace(PTRACE_POKEDATA, pid, aligned, word) == 0;
    }
    require(done, pid, "setting a breakpoint");
}

struct mapping {
    uint64_t start, end, offset; /* of memory, and where in the file it begins */
};

static void patch_mapping(pid_t pid, const char *path, const char *cache, struct mapping mapping)
{
    const struct sites *sites = sites_of(path, cache);
    if (!sites && !killed(pid))
        exit(SKIPPED);
    for (size_t i = 0; sites && i < sites->count; i++) {
        uint64_t address = mapping.start + sites->offsets[i] - mapping.offset;
        if (sites->offsets[i] >= mapping.offset && address < mapping.end)
            set_byte(pid, address, CPUID_1, INT3);
    }
}

/* Whether a line of /proc/PID/maps is a file's, private and for execution. */
static bool parse_mapping(const char *line, struct mapping *mapping, char *name)
{
    char modes[5];
    int fields = sscanf(line, "%lx-%lx %4s %lx %*s %*s %4199[^\n]", &mapping->start, &mapping->end,
                        modes, &mapping->offset, name);
    return fields == 5 && name[0] == '/' && strcmp(modes + 2, "xp") == 0;
}

static void patch_named(pid_t pid, const char *name, const char *cache, struct mapping mapping)
{
    char path[NAME + 64];
    if (strstr(name, " (deleted)")) {
        fprintf(stderr, "cpumask: %s: CPUID is not answered from the table in it\n", name);
        return;
    }
    /* Through the process's own root, which may be another one. */
    snprintf(path, sizeof path, "/proc/%d/root%s", pid, name);
    patch_mapping(pid, path, cache, mapping);
}

static void patch_range(pid_t pid, const char *cache, uint64_t from, uint64_t to)
{
    char maps[64], line[NAME + 100], name[NAME];
    struct mapping mapping;
    snprintf(maps, sizeof maps, "/proc/%d/maps", pid);
    FILE *file = fopen(maps, "re");
    if (!file)
        return; /* the process has just been killed */
    while (fgets(line, sizeof line, file))
        if (parse_mapping(line, &mapping, name) && mapping.start < to && mapping.end > from)
            patch_named(pid, name, cache, mapping);
    fclose(file);
}

void patch(pid_t pid, const char *cache)
{
    patch_range(pid, cache, 0, ~(uint64_t)0);
}

/* After mmap, whose file is at hand; reading all mappings each time would take longer. */
static void patch_mapped(pid_t pid, const char *cache, const struct user_regs_struct *regs)
{
    char path[64];
    if (regs->r10 & MAP_ANONYMOUS || (regs->r10 & MAP_TYPE) != MAP_PRIVATE)
        return;
    snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, (int)regs->r8);
    patch_mapping(pid, path, cache,
                  (struct mapping){regs->rax, regs->rax + regs->rsi, regs->r9});
}

void patch_after_call(pid_t pid, const char *cache)
{
    struct user_regs_struct regs;
    if (ptrace(PTRACE_GETREGS, pid, 0, &regs) != 0 || regs.rax > -4096UL)
        return; /* killed, or the call has failed */
    if (regs.orig_rax == SYS_mmap)
        patch_mapped(pid, cache, &regs);
    else
        patch_range(pid, cache, regs.rdi, regs.rdi + regs.rsi);
}

bool filter_mappings(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 7),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pkey_mprotect, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* ---- faulting ---- */

bool can_fault(void)
{
    /* Switches CPUID on, which it is. */
    return syscall(SYS_arch_prctl, CPUID_SWITCH, 1) == 0;
}

/* Have a stopped process make one system call; its registers and memory are as before. */
static long call_in(pid_t pid, long number, uint64_t first, uint64_t second)
{
    struct user_regs_struct before, regs;
    uint64_t mask, all = ~(uint64_t)0, code;
    int status;
    if (ptrace(PTRACE_GETREGS, pid, 0, &before) != 0)
        return 0; /* just killed */
    regs = before;
    errno = 0;
    code = (uint64_t)ptrace(PTRACE_PEEKTEXT, pid, before.rip, 0);
    if (errno != 0 || ptrace(PTRACE_GETSIGMASK, pid, sizeof mask, &mask) != 0)
        stop(FAILED, "switching CPUID off");
    ptrace(PTRACE_SETSIGMASK, pid, sizeof all, &all); /* no signal comes between */
    ptrace(PTRACE_POKETEXT, pid, before.rip, (code & ~(uint64_t)0xFFFF) | 0x050F); /* SYSCALL */
    regs.rax = (uint64_t)number;
    regs.orig_rax = ~(uint64_t)0; /* not in a call that might be restarted */
    regs.rdi = first;
    regs.rsi = second;
    ptrace(PTRACE_SETREGS, pid, 0, &regs);
    ptrace(PTRACE_SINGLESTEP, pid, 0, 0);
    if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
        stop(FAILED, "switching CPUID off");
    ptrace(PTRACE_GETREGS, pid, 0, &regs);
    ptrace(PTRACE_POKETEXT, pid, before.rip, code);
    ptrace(PTRACE_SETREGS, pid, 0, &before);
    ptrace(PTRACE_SETSIGMASK, pid, sizeof mask, &mask);
    return (long)regs.rax;
}

void switch_off(pid_t pid)
{
    long result = call_in(pid, SYS_arch_prctl, CPUID_SWITCH, 0);
    if (result != 0) {
        errno = (int)-result;
        stop(FAILED, "switching CPUID off");
    }
}
