#ifndef AGENTCORP_CSANDBOX_H
#define AGENTCORP_CSANDBOX_H

#include "dumps.h"

#include <stdint.h>
#include <sys/types.h>

/// openat2(2) with O_CLOEXEC; -1 with errno.
int sandbox_openat2(int folder, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);

extern const int sandbox_o_path;
extern const uint64_t sandbox_resolve_beneath;
extern const uint64_t sandbox_resolve_no_magiclinks;

/// pipe2(2) with O_CLOEXEC; -1 with errno.
int sandbox_pipe(int ends[2]);
/// A descriptor that can be read from as soon as it was raised.
int sandbox_event(void);
void sandbox_event_raise(int event);

/// The word that makes any program that links this the helper that confines a command, when it is its first argument.
extern const char *const sandbox_helper_word;

/// Starts the helper in a session of its own: control is its standard input, `folder` its descriptor 3 (the working
/// directory), `root` its descriptor 4. Zero, or an errno.
int sandbox_spawn(pid_t *pid, const char *program, char *const environment[], int control, int output, int errors,
                  int folder, int root);

#endif
