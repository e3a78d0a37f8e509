#include "CPlanSchema.h"

// C23, which clang has in every mode.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char schema[] = {
#embed "../../docs/plan.schema.json"
};

const unsigned char *agentcorp_plan_schema(size_t *length) {
    *length = sizeof schema;
    return schema;
}
