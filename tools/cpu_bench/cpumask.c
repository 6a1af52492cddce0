/* cpumask TABLE -- COMMAND ARGUMENTS...

   Runs a command, with all its threads and descendants, whose CPUID instruction is answered from a
   table, at native speed: libraries then choose the code that they choose on another processor.

   There are two ways. With "faulting" the system makes CPUID raise SIGSEGV. With "breakpoints",
   where the processor or its hypervisor cannot do that, every CPUID instruction of a file mapped
   for execution is replaced by INT3 in the process's own copy, and raises SIGTRAP.

   Out of reach are /proc/cpuinfo, XGETBV, the sizes of XSAVE, and, with breakpoints, 32-bit programs
   and code made at run time. What traces others, as a debugger does, cannot run, nor, with
   breakpoints, what gains privileges. The helper returns when the last descendant has ended, with
   the status of the command: 77 is its own where it cannot work here, 125 where it fails. */

#define _GNU_SOURCE
#include "intercept.h"
#include "table.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const char USAGE[] =
    "usage: cpumask [--way faulting|breakpoints] [--cache FOLDER] TABLE -- COMMAND ARGUMENTS...\n"
    "       cpumask [--way faulting|breakpoints] --how TABLE   which way is in force, or why none\n"
    "       cpumask --dump                                     this machine's answers as a table\n"
    "FOLDER, or that in CPUMASK_CACHE, remembers what takes seconds to find in large libraries.\n";

static struct table table;
static enum way way = EITHER;
static const char *cache;
static volatile pid_t command;

/* ---- following the command ---- */

static bool stops_group(int signal)
{
    return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

/* Continue a process after the events that the tracer has asked for. */
static void after_event(pid_t pid, int event, int signal)
{
    long how = PTRACE_CONT;
    if (event == PTRACE_EVENT_SECCOMP)
        how = PTRACE_SYSCALL; /* to the end of the call */
    else if (event == PTRACE_EVENT_EXEC && way == FAULTING)
        how = PTRACE_SYSCALL; /* to where the new program can make a call */
    else if (event == PTRACE_EVENT_EXEC)
        patch(pid, cache);
    else if (event == PTRACE_EVENT_STOP && stops_group(signal))
        how = PTRACE_LISTEN; /* stays stopped until SIGCONT */
    ptrace(how, pid, 0, 0);
}

static void after_call(pid_t pid)
{
    if (way == FAULTING)
        switch_off(pid);
    else
        patch_after_call(pid, cache);
    ptrace(PTRACE_CONT, pid, 0, 0);
}

static void after_stop(pid_t pid, int status)
{
    int signal = WSTOPSIG(status), event = status >> 16;
    if (event != 0)
        after_event(pid, event, signal);
    else if (signal == (SIGTRAP | 0x80))
        after_call(pid);
    else
        ptrace(PTRACE_CONT, pid, 0, answer(pid, signal, way, &table) ? 0 : signal);
}

static const int FORWARDED[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
enum { FORWARDED_COUNT = sizeof FORWARDED / sizeof *FORWARDED };

static void forward(int signal, siginfo_t *info, void *context)
{
    (void)context;
    if (info->si_code != SI_KERNEL) /* what a terminal sends has reached the command as well */
        kill(command, signal);
}

/* Pass signals on to the command; those that are ignored stay so, as they do for the command. */
static void forward_signals(void)
{
    struct sigaction old, new = {.sa_sigaction = forward, .sa_flags = SA_SIGINFO | SA_RESTART};
    for (int i = 0; i < FORWARDED_COUNT; i++)
        if (sigaction(FORWARDED[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(FORWARDED[i], &new, NULL);
}

/* The command has ended and its number may be another's: signals now end the helper. */
static void keep_signals(void)
{
    for (int i = 0; i < FORWARDED_COUNT; i++)
        if (signal(FORWARDED[i], SIG_DFL) == SIG_IGN)
            signal(FORWARDED[i], SIG_IGN);
}

/* Follow all processes to their end; returns how the command ended. */
static int follow(void)
{
    int status, last = 0;
    for (;;) {
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0 && errno == ECHILD)
            return last;
        if (pid < 0)
            continue;
        if (WIFSTOPPED(status)) {
            after_stop(pid, status);
        } else if (pid == command) {
            last = status;
            keep_signals();
        }
    }
}

static _Noreturn void execute(char **arguments, int ready, const sigset_t *mask)
{
    char byte;
    if (way == BREAKPOINTS && !filter_mappings())
        stop(SKIPPED, "a filter of system calls is not allowed here");
    if (read(ready, &byte, 1) != 1) /* until the tracer is there */
        _exit(FAILED);
    sigprocmask(SIG_SETMASK, mask, NULL);
    execvp(arguments[0], arguments);
    stop(errno == ENOENT ? NOT_FOUND : NOT_EXECUTABLE, arguments[0]);
}

static bool seize(pid_t pid)
{
    long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                   PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL |
                   PTRACE_O_TRACESECCOMP;
    return ptrace(PTRACE_SEIZE, pid, 0, options) == 0;
}

static void start(char **arguments)
{
    int ready[2];
    sigset_t all, mask;
    sigfillset(&all);
    if (pipe2(ready, O_CLOEXEC) != 0)
        stop(FAILED, "pipe");
    sigprocmask(SIG_SETMASK, &all, &mask); /* no signal before it can be passed on */
    command = fork();
    if (command < 0)
        stop(FAILED, "fork");
    if (command == 0) {
        close(ready[1]);
        execute(arguments, ready[0], &mask);
    }
    close(ready[0]);
    if (!seize(command))
        stop(SKIPPED, "tracing a process is not allowed here");
    forward_signals();
    sigprocmask(SIG_SETMASK, &mask, NULL);
    if (write(ready[1], "", 1) != 1)
        stop(FAILED, "pipe");
    close(ready[1]);
}

/* End as the command has ended. */
static int end(int status)
{
    const struct rlimit none = {0, 0};
    if (!WIFSIGNALED(status))
        return WEXITSTATUS(status);
    setrlimit(RLIMIT_CORE, &none); /* the command has left its own */
    signal(WTERMSIG(status), SIG_DFL);
    raise(WTERMSIG(status));
    return 128 + WTERMSIG(status);
}

/* ---- the command line ---- */

static void choose_way(void)
{
    bool faulting = can_fault();
    if (way == FAULTING && !faulting)
        stop(SKIPPED, "this machine cannot make CPUID fault");
    if (way == EITHER)
        way = faulting ? FAULTING : BREAKPOINTS;
}

static void require_features(const char *path)
{
    char names[2048];
    if (!table_read(&table, path))
        exit(FAILED);
    if (table_missing(&table, names, sizeof names) > 0) {
        fprintf(stderr, "cpumask: %s: this machine lacks%s\n", path, names);
        exit(SKIPPED);
    }
}

/* Whether a process may be traced and filtered: tried on one that does nothing. */
static int how(void)
{
    char *arguments[] = {"true", NULL};
    start(arguments);
    int status = end(follow());
    if (status == 0)
        puts(way == FAULTING ? "faulting" : "breakpoints");
    return status;
}

static int usage(void)
{
    fputs(USAGE, stderr);
    return FAILED;
}

static bool parse_way(const char *name)
{
    if (strcmp(name, "faulting") == 0)
        way = FAULTING;
    else if (strcmp(name, "breakpoints") == 0)
        way = BREAKPOINTS;
    return way != EITHER;
}

int main(int count, char **arguments)
{
    bool asked = false;
    char **at = arguments + 1;
    cache = getenv("CPUMASK_CACHE");
    if (count == 2 && strcmp(*at, "--dump") == 0) {
        machine_dump(stdout);
        return 0;
    }
    for (; *at && strncmp(*at, "--", 2) == 0; at++) {
        if (strcmp(*at, "--how") == 0)
            asked = true;
        else if (strcmp(*at, "--way") == 0 && at[1] && parse_way(at[1]))
            at++;
        else if (strcmp(*at, "--cache") == 0 && at[1])
            cache = *++at;
        else
            return usage();
    }
    if (!*at || (asked ? at[1] != NULL : !at[1] || strcmp(at[1], "--") != 0 || !at[2]))
        return usage();
    require_features(*at);
    choose_way();
    if (asked)
        return how();
    start(at + 2);
    return end(follow());
}
