#define _GNU_SOURCE
#include "CSandbox.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <unistd.h>

const char *const sandbox_helper_word = "__sandbox-exec";

int sandbox_spawn(pid_t *pid, const char *program, char *const environment[], int control, int output, int errors,
                  int folder, int root) {
    int source[5] = {control, output, errors, folder, root};
    int copies[5] = {-1, -1, -1, -1, -1};
    int code = 0;
    // Out of the way of the numbers that they are to get.
    for (int i = 0; i < 5 && code == 0; i++) {
        copies[i] = fcntl(source[i], F_DUPFD_CLOEXEC, 5);
        if (copies[i] < 0) code = errno;
    }
    if (code == 0) {
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
        for (int i = 0; i < 5; i++) posix_spawn_file_actions_adddup2(&actions, copies[i], i);
        posix_spawn_file_actions_addclosefrom_np(&actions, 5);
        sigset_t none, all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &all);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        char *arguments[] = {"agentcorp", (char *)sandbox_helper_word, NULL};
        code = posix_spawn(pid, program, &actions, &attributes, arguments, environment);
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
    for (int i = 0; i < 5; i++)
        if (copies[i] >= 0) close(copies[i]);
    return code;
}
