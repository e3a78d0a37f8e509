// The SQL files of migrations/, embedded in the binary.
#pragma once

#include <stddef.h>

/// One step of the schema: the SQL that makes it and the SQL that takes it back. Texts are not terminated.
struct agentcorp_migration {
    const char *name;
    const unsigned char *up;
    size_t up_length;
    const unsigned char *down;
    size_t down_length;
};

/// How many there are.
size_t agentcorp_migration_count(void);

/// The step at a place, counted from 0, in the order in which they are applied.
const struct agentcorp_migration *agentcorp_migration_at(size_t index);
