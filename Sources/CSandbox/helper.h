// What the files of the helper share. Nothing of this is seen by Swift.
#ifndef AGENTCORP_SANDBOX_HELPER_H
#define AGENTCORP_SANDBOX_HELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { CONTROL = 0, FOLDER = 3, ROOT = 4 };
enum level { LEVEL_NONE = 0, LEVEL_LANDLOCK = 1, LEVEL_NAMESPACES = 2 };

/// What to run, and in which bounds. Every string lives in the message that it came in.
struct spec {
    const char *program;
    char **arguments;
    char **environment;
    char **readable;  // paths that may be read, and run
    char **writable;  // folders to write in, besides the root
    char **devices;
    enum level level;
    bool network;
    uint64_t cpu, memory, file, files, processes;
    uint64_t grace;  // milliseconds between SIGTERM and SIGKILL
};

/// Reads the message from CONTROL. False when it is none.
bool spec_read(struct spec *spec);

/// Tells the worker, as one line.
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));
/// What has been told last is not to be followed by a second end.
_Noreturn void report_and_exit(const char *format, ...) __attribute__((format(printf, 1, 2)));

/// Enters user, process, mount, IPC and host name namespaces, and one for the network unless that is allowed.
/// NULL, or what failed.
const char *namespaces_enter(const struct spec *spec);
/// As the first process of a process namespace: a /proc of its own. NULL, or what failed.
const char *namespaces_mount_proc(void);

/// The last steps before exec, in the process that will be the command. NULL, or what failed, with errno.
const char *confine(const struct spec *spec);
/// Whether the kernel has what confine needs for Landlock; says what is missing.
const char *confine_missing(void);

/// Waits for the command and for the worker's word, ends what is left, reports, exits.
_Noreturn void supervise(const struct spec *spec, pid_t command);

#endif
