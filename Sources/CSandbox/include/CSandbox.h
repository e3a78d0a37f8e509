#ifndef AGENTCORP_CSANDBOX_H
#define AGENTCORP_CSANDBOX_H

#include "dumps.h"
#endif
