#define _GNU_SOURCE
#include "helper.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_SEEN = 65536, LOOK_EVERY = 100 };

struct process {
    pid_t id, parent;
    bool ours;
};

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

// `123 (name) S 45 ...`: the parent comes after the last parenthesis, for a name may hold anything.
static pid_t parent_of(int proc, const char *id) {
    char path[64], text[512];
    snprintf(path, sizeof path, "%s/stat", id);
    int file = openat(proc, path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    if (count <= 0) return -1;
    text[count] = 0;
    char *end = strrchr(text, ')');
    return end ? (pid_t)strtol(end + 4, NULL, 10) : -1;
}

// Everything that has come from this process: what loses its parent becomes a child of this one, the subreaper.
static size_t descendants(struct process *list) {
    DIR *proc = opendir("/proc");
    if (!proc) return 0;
    size_t count = 0, found = 0;
    for (struct dirent *entry; (entry = readdir(proc)) && count < MOST_SEEN;) {
        if (!isdigit((unsigned char)entry->d_name[0])) continue;
        pid_t parent = parent_of(dirfd(proc), entry->d_name);
        if (parent < 0) continue;
        list[count++] = (struct process){.id = (pid_t)strtol(entry->d_name, NULL, 10), .parent = parent};
    }
    closedir(proc);
    pid_t self = getpid();
    // A child may be listed before its parent: again, until nothing is added.
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < count; i++) {
            if (list[i].ours) continue;
            bool ours = list[i].parent == self;
            for (size_t j = 0; !ours && j < found; j++) ours = list[j].id == list[i].parent;
            if (!ours) continue;
            // The found ones are kept in front.
            struct process process = list[i];
            process.ours = true;
            list[i] = list[found];
            list[found++] = process;
            more = true;
        }
    }
    return found;
}

// Kills until nothing is left; forks that are faster than that lose when the group dies, all at once.
static void kill_all(pid_t command, struct process *list) {
    int64_t deadline = now() + 5000;
    while (now() < deadline) {
        if (getpid() == 1) kill(-1, SIGKILL);
        kill(-command, SIGKILL);
        size_t count = descendants(list);
        for (size_t i = 0; i < count; i++) kill(list[i].id, SIGSTOP);
        for (size_t i = 0; i < count; i++) kill(list[i].id, SIGKILL);
        pid_t ended;
        while ((ended = waitpid(-1, NULL, WNOHANG)) > 0) {}
        if (ended < 0 && errno == ECHILD) return;
        poll(NULL, 0, 2);
    }
}

void supervise(const struct spec *spec, pid_t command) {
    struct process *list = malloc(MOST_SEEN * sizeof *list);
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    int signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (!list || signals < 0) {
        kill(-command, SIGKILL);
        report_and_exit("failed cannot watch over the command: %s", strerror(errno));
    }
    int64_t deadline = INT64_MAX;
    int status = 0;
    bool ended = false, crowded = false, worker = true;
    while (!ended && !crowded && worker && now() < deadline) {
        struct pollfd events[] = {{.fd = signals, .events = POLLIN}, {.fd = CONTROL, .events = POLLIN}};
        poll(events, 2, LOOK_EVERY);
        struct signalfd_siginfo ignored;
        while (read(signals, &ignored, sizeof ignored) > 0) {}
        if (events[1].revents) {
            char word;
            ssize_t got = read(CONTROL, &word, 1);
            // The worker is gone, or wants it gone at once.
            if (got == 0 || (got < 0 && errno != EINTR)) worker = false;
            if (got == 1 && deadline == INT64_MAX) {
                kill(-command, SIGTERM);
                deadline = now() + (int64_t)spec->grace;
            }
        }
        int each;
        for (pid_t id; (id = waitpid(-1, &each, WNOHANG)) > 0;)
            if (id == command) {
                ended = true;
                status = each;
            }
        if (!ended && spec->processes > 0) crowded = descendants(list) > spec->processes;
    }
    if (!ended) {
        kill(-command, SIGKILL);
        kill(command, SIGKILL);
        while (waitpid(command, &status, 0) < 0 && errno == EINTR) {}
    }
    kill_all(command, list);
    if (crowded) report("crowded %llu", (unsigned long long)spec->processes);
    if (WIFSIGNALED(status)) report_and_exit("signal %d", WTERMSIG(status));
    report_and_exit("exit %d", WEXITSTATUS(status));
}
