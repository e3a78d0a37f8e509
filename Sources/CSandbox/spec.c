#define _GNU_SOURCE
#include "helper.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LONGEST = 1 << 20 };

static bool read_all(char *bytes, size_t count) {
    while (count > 0) {
        ssize_t got = read(CONTROL, bytes, count);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        bytes += got;
        count -= (size_t)got;
    }
    return true;
}

static bool add(char ***list, char *value) {
    size_t count = 0;
    while (*list && (*list)[count]) count++;
    char **longer = realloc(*list, (count + 2) * sizeof *longer);
    if (!longer) return false;
    longer[count] = value;
    longer[count + 1] = NULL;
    *list = longer;
    return true;
}

static bool set(struct spec *spec, const char *key, char *value) {
    if (!strcmp(key, "argument")) return add(&spec->arguments, value);
    if (!strcmp(key, "variable")) return add(&spec->environment, value);
    if (!strcmp(key, "readable")) return add(&spec->readable, value);
    if (!strcmp(key, "writable")) return add(&spec->writable, value);
    if (!strcmp(key, "device")) return add(&spec->devices, value);
    if (!strcmp(key, "program")) return (spec->program = value) != NULL;
    uint64_t number = strtoull(value, NULL, 10);
    if (!strcmp(key, "level")) return (spec->level = (enum level)number) <= LEVEL_NAMESPACES;
    if (!strcmp(key, "network")) return (spec->network = number != 0), true;
    if (!strcmp(key, "cpu")) return (spec->cpu = number), true;
    if (!strcmp(key, "memory")) return (spec->memory = number), true;
    if (!strcmp(key, "file")) return (spec->file = number), true;
    if (!strcmp(key, "files")) return (spec->files = number), true;
    if (!strcmp(key, "processes")) return (spec->processes = number), true;
    if (!strcmp(key, "grace")) return (spec->grace = number), true;
    return false;
}

// The message: its length as four bytes of this machine's order, then keys and values, each ended by a zero byte.
bool spec_read(struct spec *spec) {
    uint32_t length;
    if (!read_all((char *)&length, sizeof length) || length == 0 || length > LONGEST) return false;
    char *message = malloc(length);
    if (!message || !read_all(message, length) || message[length - 1] != 0) return false;
    memset(spec, 0, sizeof *spec);
    char *end = message + length;
    for (char *key = message; key < end;) {
        char *value = key + strlen(key) + 1;
        if (value >= end || !set(spec, key, value)) return false;
        key = value + strlen(value) + 1;
    }
    // A command without variables has an empty environment, not this process's.
    if (!spec->environment) spec->environment = calloc(1, sizeof *spec->environment);
    return spec->program && spec->arguments && spec->environment;
}
