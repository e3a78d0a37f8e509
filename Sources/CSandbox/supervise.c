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
    bool ended;
};

// What is seen of /proc, kept between looks.
struct view {
    struct process list[MOST_SEEN];
    // By process id, up to the highest that the kernel gives out.
    bool ours[1 << 22];
};

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

// `123 (name) S 45 ...`: state and parent come after the last parenthesis, for a name may hold anything.
static bool look(int proc, const char *id, struct process *process) {
    char path[64], text[512];
    snprintf(path, sizeof path, "%s/stat", id);
    int file = openat(proc, path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    if (count <= 0) return false;
    text[count] = 0;
    char *end = strrchr(text, ')');
    if (!end || strlen(end) < 5) return false;
    process->id = (pid_t)strtol(id, NULL, 10);
    process->parent = (pid_t)strtol(end + 4, NULL, 10);
    process->ended = end[2] == 'Z' || end[2] == 'X';
    return true;
}

// Puts in front of the list everything that has come from this process: what loses its parent becomes a child of this
// one, the subreaper. Returns how many; those that have ended are not among them.
static size_t descendants(struct view *view) {
    DIR *proc = opendir("/proc");
    if (!proc) return 0;
    size_t count = 0, found = 0;
    for (struct dirent *entry; (entry = readdir(proc)) && count < MOST_SEEN;)
        if (isdigit((unsigned char)entry->d_name[0]) && look(dirfd(proc), entry->d_name, &view->list[count])) count++;
    closedir(proc);
    const pid_t most = sizeof view->ours / sizeof *view->ours;
    memset(view->ours, 0, sizeof view->ours);
    view->ours[getpid() % most] = true;
    // A child may be listed before its parent: again, until nothing is added.
    for (bool more = true; more;) {
        more = false;
        for (size_t i = found; i < count; i++) {
            struct process process = view->list[i];
            if (process.ended || !view->ours[process.parent % most]) continue;
            view->ours[process.id % most] = true;
            view->list[i] = view->list[found];
            view->list[found++] = process;
            more = true;
        }
    }
    return found;
}

// Kills until nothing is left; forks that are faster than that lose when the group dies, all at once.
static void kill_all(pid_t command, struct view *view) {
    int64_t deadline = now() + 5000;
    while (now() < deadline) {
        if (getpid() == 1) kill(-1, SIGKILL);
        kill(-command, SIGKILL);
        size_t count = descendants(view);
        for (size_t i = 0; i < count; i++) kill(view->list[i].id, SIGSTOP);
        for (size_t i = 0; i < count; i++) kill(view->list[i].id, SIGKILL);
        pid_t ended;
        while ((ended = waitpid(-1, NULL, WNOHANG)) > 0) {}
        if (ended < 0 && errno == ECHILD) return;
        poll(NULL, 0, 2);
    }
}

void supervise(const struct spec *spec, pid_t command) {
    struct view *view = malloc(sizeof *view);
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    int signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (!view || signals < 0) {
        kill(-command, SIGKILL);
        report_and_exit("failed cannot watch over the command: %s", strerror(errno));
    }
    int64_t deadline = INT64_MAX, next_look = now() + LOOK_EVERY;
    int status = 0;
    bool more = false, ended = false, crowded = false, worker = true;
    while (!ended && !crowded && worker && now() < deadline) {
        struct pollfd events[] = {{.fd = signals, .events = POLLIN}, {.fd = CONTROL, .events = POLLIN}};
        poll(events, 2, more ? 0 : LOOK_EVERY);
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
        int each, reaped = 0;
        // Not all there are: a storm of forks would keep this from ever looking up.
        for (pid_t id; reaped < 256 && (id = waitpid(-1, &each, WNOHANG)) > 0; reaped++)
            if (id == command) {
                ended = true;
                status = each;
            }
        more = reaped == 256;
        // Not whenever a child ends: who starts many keeps this process busy reaping.
        if (!ended && spec->processes > 0 && now() >= next_look) {
            crowded = descendants(view) > spec->processes;
            next_look = now() + LOOK_EVERY;
        }
    }
    if (!ended) {
        kill(-command, SIGKILL);
        kill(command, SIGKILL);
        while (waitpid(command, &status, 0) < 0 && errno == EINTR) {}
    }
    kill_all(command, view);
    if (crowded) report("crowded %llu", (unsigned long long)spec->processes);
    if (WIFSIGNALED(status)) report_and_exit("signal %d", WTERMSIG(status));
    report_and_exit("exit %d", WEXITSTATUS(status));
}
