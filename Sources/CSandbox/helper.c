// The process between a worker and a command: it confines the command, waits for it, and ends whatever it leaves.
//
// It runs before anything of Swift does, while the process has one thread: namespaces can be entered only then, and
// every program that links this module can be its own helper.
#define _GNU_SOURCE
#include "CSandbox.h"
#include "helper.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void tell(const char *format, va_list values) {
    char line[1024];
    int count = vsnprintf(line, sizeof line - 1, format, values);
    if (count < 0) return;
    if (count > (int)sizeof line - 2) count = sizeof line - 2;
    line[count++] = '\n';
    send(CONTROL, line, (size_t)count, MSG_NOSIGNAL);
}

void report(const char *format, ...) {
    va_list values;
    va_start(values, format);
    tell(format, values);
    va_end(values);
}

void report_and_exit(const char *format, ...) {
    va_list values;
    va_start(values, format);
    tell(format, values);
    va_end(values);
    _exit(0);
}

// The command itself, from here on: in a session of its own, without any descriptor of the worker's.
static _Noreturn void become(const struct spec *spec, int errors) {
    struct {
        int code;
        char step[60];
    } failure = {0};
    setsid();
    if (dup2(open("/dev/null", O_RDONLY), 0) == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        const char *failed = confine(spec);
        // `errors` too: its reader learns from its end that the command runs.
        if (!failed && syscall(SYS_close_range, 3, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */) != 0) failed = "closing files";
        if (!failed) {
            execve(spec->program, spec->arguments, spec->environment);
            failed = "exec";
        }
        failure.code = errno;
        snprintf(failure.step, sizeof failure.step, "%s", failed);
    }
    (void)!write(errors, &failure, sizeof failure);
    _exit(127);
}

static _Noreturn void start(const struct spec *spec) {
    int errors[2];
    if (pipe2(errors, O_CLOEXEC) != 0) report_and_exit("failed pipe: %s", strerror(errno));
    pid_t command = fork();
    if (command < 0) report_and_exit("failed fork: %s", strerror(errno));
    if (command == 0) become(spec, errors[1]);
    close(errors[1]);
    // The pipes are the command's now: who reads them waits for its end, not for this process's.
    close(1);
    close(2);
    struct {
        int code;
        char step[60];
    } failure;
    if (read(errors[0], &failure, sizeof failure) == (ssize_t)sizeof failure) {
        while (waitpid(command, NULL, 0) < 0 && errno == EINTR) {}
        if (!strcmp(failure.step, "exec")) report_and_exit("noexec %d", failure.code);
        report_and_exit("failed %s: %s", failure.step, strerror(failure.code));
    }
    close(errors[0]);
    report("started");
    supervise(spec, command);
}

static _Noreturn void helper(void) {
    struct spec spec;
    if (!spec_read(&spec)) report_and_exit("failed the helper and its worker are of different versions");
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    const char *missing = spec.level >= LEVEL_LANDLOCK ? confine_missing() : NULL;
    if (missing) report_and_exit("unavailable %s", missing);
    if (spec.level < LEVEL_NAMESPACES) {
        if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) report_and_exit("failed subreaper: %s", strerror(errno));
        if (fchdir(FOLDER) != 0) report_and_exit("failed entering the folder: %s", strerror(errno));
        start(&spec);
    }
    const char *failed = namespaces_enter(&spec);
    if (failed) report_and_exit("unavailable namespaces: %s: %s", failed, strerror(errno));
    pid_t first = fork();
    if (first < 0) report_and_exit("unavailable namespaces: fork: %s", strerror(errno));
    if (first == 0) {
        // With the one outside goes the one inside, and with that the whole namespace.
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        failed = namespaces_mount_proc();
        if (failed) report_and_exit("unavailable namespaces: %s: %s", failed, strerror(errno));
        start(&spec);
    }
    close(CONTROL);
    close(1);
    close(2);
    while (waitpid(first, NULL, 0) < 0 && errno == EINTR) {}
    _exit(0);
}

__attribute__((constructor)) static void look_for_the_word(int count, char **arguments) {
    if (count == 2 && !strcmp(arguments[1], sandbox_helper_word)) helper();
}
