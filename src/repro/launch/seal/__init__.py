"""Sealing a command: it and its children reach only what was declared, and refusals have names.

Two mechanisms of Linux work together, and neither needs rights:

- Landlock and a network of its own *refuse*. The kernel applies them to every system call of the
  command and its children, native code included, and they cannot be taken off again.
- A supervisor *names*. The kernel stops the command at every call that opens, executes, creates or
  connects, and the supervisor, which is the parent of the command, reads the name from its memory,
  compares it with the same rules, and lets the call continue.

Files that the command created itself are an exception: the supervisor opens them for it, so that
a folder in which it may write need not be one in which it may read what was there before.

What is not covered: attributes of files (a name, a size and a date can be seen everywhere), and the
name of what is opened through ``io_uring`` or by 32-bit programs; Landlock refuses those as well.
The report is no defence against a program that rewrites its own arguments while they are read.

``command`` is for the package; ``repro.launch`` does not import it, since every start would pay
for it. The other modules import only the standard library, and each other by relative imports:
they run with ``python -I -S`` as the package ``seal``, without the packages above it.
"""
