#define _GNU_SOURCE
#include "CSandbox.h"
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

const int sandbox_o_path = O_PATH;
const uint64_t sandbox_resolve_beneath = RESOLVE_BENEATH;
const uint64_t sandbox_resolve_no_magiclinks = RESOLVE_NO_MAGICLINKS;

int sandbox_openat2(int folder, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct open_how how;
    memset(&how, 0, sizeof how);
    how.flags = flags | O_CLOEXEC;
    how.mode = mode;
    how.resolve = resolve;
    return (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
}

int sandbox_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int sandbox_event(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void sandbox_event_raise(int event) { eventfd_write(event, 1); }
