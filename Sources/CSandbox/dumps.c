#include "dumps.h"

#include <errno.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

int sandbox_forbid_dumps(void) {
#ifdef __linux__
    return prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L) == 0 ? 0 : errno;
#else
    return 0;
#endif
}
