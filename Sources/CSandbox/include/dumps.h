#ifndef AGENTCORP_DUMPS_H
#define AGENTCORP_DUMPS_H

/// Makes the process leave no core dump, and closes its memory to other processes of the same user. Zero, or an errno.
int sandbox_forbid_dumps(void);

#endif
