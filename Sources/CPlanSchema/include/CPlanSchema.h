// docs/plan.schema.json, embedded in the binary.
#pragma once

#include <stddef.h>

/// The text, which is not terminated.
const unsigned char *agentcorp_plan_schema(size_t *length);
