/* Making CPUID stop a process, and answering it. */

#ifndef INTERCEPT_H
#define INTERCEPT_H

#include "table.h"

#include <stdbool.h>
#include <sys/types.h>

enum way { EITHER, FAULTING, BREAKPOINTS };

/* How the helper ends where it is not the command that ends. */
enum { SKIPPED = 77, FAILED = 125, NOT_EXECUTABLE = 126, NOT_FOUND = 127 };

/* End with a sentence on standard error: what, and what errno says. */
_Noreturn void stop(int status, const char *what);

/* Whether a signal to a stopped process came from CPUID, which then has been answered. */
bool answer(pid_t pid, int signal, enum way way, const struct table *table);

/* Faulting: whether the machine can, and to begin with it in a stopped process. A new program
   starts without. */
bool can_fault(void);
void switch_off(pid_t pid);

/* Breakpoints: let the system stop this process at those calls only that map something for
   execution; set them in all files that a stopped process has mapped; set them after such a call.
   `cache` is that of sites_of. */
bool filter_mappings(void);
void patch(pid_t pid, const char *cache);
void patch_after_call(pid_t pid, const char *cache);

#endif
