#define _GNU_SOURCE
#include "helper.h"
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static bool write_file(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return false;
    bool written = write(file, text, strlen(text)) == (ssize_t)strlen(text);
    close(file);
    return written;
}

const char *namespaces_enter(const struct spec *spec) {
    uid_t user = geteuid();
    gid_t group = getegid();
    // Before the mounts are copied: the working directory is carried over, a descriptor is not.
    if (fchdir(FOLDER) != 0) return "entering the folder";
    int flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;
    if (!spec->network) flags |= CLONE_NEWNET;
    if (unshare(flags) != 0) return "unshare";
    char map[64];
    // One user, who is the same inside: files keep their owner, and the command gets no powers by the namespace.
    if (!write_file("/proc/self/setgroups", "deny")) return "writing setgroups";
    snprintf(map, sizeof map, "%u %u 1", user, user);
    if (!write_file("/proc/self/uid_map", map)) return "writing uid_map";
    snprintf(map, sizeof map, "%u %u 1", group, group);
    if (!write_file("/proc/self/gid_map", map)) return "writing gid_map";
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return "making mounts private";
    return NULL;
}

const char *namespaces_mount_proc(void) {
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0) return "mounting /proc";
    return NULL;
}
