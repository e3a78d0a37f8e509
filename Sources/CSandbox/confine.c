#define _GNU_SOURCE
#include "helper.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// Landlock by its numbers: the headers of the build machine may be older than the kernel.
enum {
    CREATE_RULESET = 444,
    ADD_RULE = 445,
    RESTRICT_SELF = 446,
    RULE_PATH_BENEATH = 1,
    VERSION_FLAG = 1,
    // The first that watches over truncate(2).
    OLDEST_ABI = 3,
};

struct ruleset {
    uint64_t files, network, scoped;
};

struct path_beneath {
    uint64_t access;
    int32_t parent;
} __attribute__((packed));

#define FS(bit) (UINT64_C(1) << (bit))
static const uint64_t EXECUTE = FS(0), WRITE_FILE = FS(1), READ_FILE = FS(2), READ_DIR = FS(3), REMOVE_DIR = FS(4),
                      REMOVE_FILE = FS(5), MAKE_DIR = FS(7), MAKE_FILE = FS(8), MAKE_FIFO = FS(10), MAKE_LINK = FS(12),
                      REFER = FS(13), TRUNCATE = FS(14);

static int landlock_abi(void) { return (int)syscall(CREATE_RULESET, NULL, 0, VERSION_FLAG); }

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

const char *confine_missing(void) {
#ifndef ARCHITECTURE
    return "the filter of system calls is not written for this processor";
#else
    if (landlock_abi() < OLDEST_ABI) return "the kernel has no Landlock of version 3 (Linux 6.2) or later";
    if (prctl(PR_GET_SECCOMP) < 0) return "the kernel has no seccomp";
    return NULL;
#endif
}

// What is not there needs no rule.
static bool allow(int ruleset, int descriptor, uint64_t access) {
    struct stat status;
    if (fstat(descriptor, &status) != 0) return false;
    // The rest means something for folders only, and is refused for files.
    if (!S_ISDIR(status.st_mode)) access &= EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE;
    struct path_beneath rule = {.access = access, .parent = descriptor};
    return syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0) == 0;
}

static bool allow_paths(int ruleset, char **paths, uint64_t access) {
    for (; paths && *paths; paths++) {
        int descriptor = open(*paths, O_PATH | O_CLOEXEC);
        if (descriptor < 0) continue;
        bool done = allow(ruleset, descriptor, access);
        close(descriptor);
        if (!done) return false;
    }
    return true;
}

static const char *landlock(const struct spec *spec) {
    int abi = landlock_abi();
    struct ruleset handled = {.files = FS(15) - 1};
    if (abi >= 5) handled.files |= FS(15);                      // ioctl on devices
    if (abi >= 4 && !spec->network) handled.network = 3;        // bind and connect, TCP
    if (abi >= 6) handled.scoped = 3;                           // abstract sockets and signals
    // An older kernel knows the fields that its version has, and no longer structure.
    size_t size = abi >= 6 ? sizeof handled : abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
    int ruleset = (int)syscall(CREATE_RULESET, &handled, size, 0);
    if (ruleset < 0) return "making a Landlock ruleset";
    uint64_t reading = READ_FILE | READ_DIR | EXECUTE;
    uint64_t writing = reading | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_FILE | MAKE_FIFO | MAKE_LINK |
                       REFER | TRUNCATE;
    if (!allow(ruleset, ROOT, writing) || !allow_paths(ruleset, spec->writable, writing) ||
        !allow_paths(ruleset, spec->readable, reading) ||
        !allow_paths(ruleset, spec->devices, READ_FILE | WRITE_FILE))
        return "adding a Landlock rule";
    if (syscall(RESTRICT_SELF, ruleset, 0) != 0) return "entering Landlock";
    close(ruleset);
    return NULL;
}

#ifdef ARCHITECTURE
// Landlock stops TCP alone, and no connection to a socket in the file system (a container engine's, a database's): so
// there are no sockets at all, or none but those of the internet. The rest are doors into the kernel that no tool of
// an agent needs.
static const int refused[] = {
    SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd,
    SYS_keyctl, SYS_add_key, SYS_request_key, SYS_kexec_load, SYS_init_module, SYS_finit_module, SYS_delete_module,
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_move_mount, SYS_open_tree, SYS_fsopen, SYS_fsconfig,
    SYS_fsmount, SYS_fspick, SYS_mount_setattr, SYS_setns, SYS_unshare, SYS_reboot, SYS_swapon, SYS_swapoff,
    SYS_settimeofday, SYS_clock_settime, SYS_clock_adjtime, SYS_adjtimex, SYS_acct, SYS_quotactl, SYS_syslog,
    SYS_open_by_handle_at, SYS_fanotify_init,
#ifdef __x86_64__
    SYS_iopl, SYS_ioperm,
#endif
};

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define REFUSE(code) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (code))
#define ACCEPT BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define IF(value, otherwise) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 0, otherwise)

static const char *filter(bool network) {
    enum { MOST = 160 };
    struct sock_filter code[MOST];
    unsigned count = 0;
#define ADD(...)                                              \
    do {                                                      \
        struct sock_filter part[] = {__VA_ARGS__};            \
        for (unsigned i = 0; i < sizeof part / sizeof *part; i++) code[count++] = part[i]; \
    } while (0)
    ADD(LOAD(arch), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS), LOAD(nr));
#ifdef __x86_64__
    // The same calls under other numbers.
    ADD(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1), REFUSE(ENOSYS));
#endif
    for (unsigned i = 0; i < sizeof refused / sizeof *refused; i++) ADD(IF(refused[i], 1), REFUSE(EPERM));
    // Its flags are out of a filter's sight; the C library then falls back to clone.
    ADD(IF(SYS_clone3, 1), REFUSE(ENOSYS));
    ADD(IF(SYS_clone, 4), LOAD(args[0]), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWUSER, 0, 1), REFUSE(EPERM),
        ACCEPT);
    ADD(IF(SYS_socketpair, 4), LOAD(args[0]), IF(AF_UNIX, 1), ACCEPT, REFUSE(EACCES));
    if (network)
        ADD(IF(SYS_socket, 8), LOAD(args[0]), IF(AF_INET, 1), ACCEPT, IF(AF_INET6, 1), ACCEPT, IF(AF_NETLINK, 1), ACCEPT,
            REFUSE(EACCES));
    else
        ADD(IF(SYS_socket, 1), REFUSE(EACCES));
    ADD(ACCEPT);
    struct sock_fprog program = {.len = (unsigned short)count, .filter = code};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) return "filtering system calls";
    return NULL;
}
#else
static const char *filter(bool network) {
    (void)network;
    return "filtering system calls";
}
#endif

static bool limit(int resource, uint64_t soft, uint64_t hard) {
    if (soft == 0) return true;
    struct rlimit now, wanted = {.rlim_cur = soft, .rlim_max = hard};
    if (getrlimit(resource, &now) != 0) return false;
    if (now.rlim_max != RLIM_INFINITY && wanted.rlim_max > now.rlim_max) wanted.rlim_max = now.rlim_max;
    if (wanted.rlim_cur > wanted.rlim_max) wanted.rlim_cur = wanted.rlim_max;
    return setrlimit(resource, &wanted) == 0;
}

static bool limits(const struct spec *spec) {
    // One byte rather than none: it too allows no dump, and also keeps the kernel from piping one to a program, which
    // does not ask about zero.
    return limit(RLIMIT_CORE, 1, 1) && limit(RLIMIT_CPU, spec->cpu, spec->cpu + 1) &&
           limit(RLIMIT_AS, spec->memory, spec->memory) && limit(RLIMIT_FSIZE, spec->file, spec->file) &&
           limit(RLIMIT_NOFILE, spec->files, spec->files) &&
           // Elsewhere it counts every process of the user, on the whole machine: the supervisor counts instead.
           (spec->level != LEVEL_NAMESPACES || limit(RLIMIT_NPROC, spec->processes, spec->processes));
}

static const char *drop_powers(void) {
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (int power = 0; power < 64; power++) prctl(PR_CAPBSET_DROP, power, 0, 0, 0);
    // Without it, root would get all back at exec. Refused to those who have nothing to lose.
    prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                                 SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
                                 SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED);
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};
    if (syscall(SYS_capset, &header, data) != 0) return "dropping capabilities";
    return NULL;
}

const char *confine(const struct spec *spec) {
    const char *failed = NULL;
    if (!limits(spec)) return "setting resource limits";
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return "giving up new privileges";
    if (spec->level >= LEVEL_LANDLOCK) failed = landlock(spec);
    if (!failed && spec->level >= LEVEL_LANDLOCK) failed = drop_powers();
    if (!failed && spec->level >= LEVEL_LANDLOCK) failed = filter(spec->network);
    return failed;
}
