// In C for its `#embed`: as literals in Swift, so many bytes take a minute and a gigabyte to compile.
#include "CMigrations.h"

// C23, which clang has in every mode.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char tables_up[] = {
#embed "../../migrations/0001_tables.sql"
};
static const unsigned char tables_down[] = {
#embed "../../migrations/0001_tables.down.sql"
};
static const unsigned char foundation_up[] = {
#embed "../../migrations/0002_foundation.sql"
};
static const unsigned char foundation_down[] = {
#embed "../../migrations/0002_foundation.down.sql"
};
static const unsigned char gates_up[] = {
#embed "../../migrations/0003_gates.sql"
};
static const unsigned char gates_down[] = {
#embed "../../migrations/0003_gates.down.sql"
};
static const unsigned char enqueue_up[] = {
#embed "../../migrations/0004_enqueue.sql"
};
static const unsigned char enqueue_down[] = {
#embed "../../migrations/0004_enqueue.down.sql"
};
static const unsigned char tree_up[] = {
#embed "../../migrations/0005_tree.sql"
};
static const unsigned char tree_down[] = {
#embed "../../migrations/0005_tree.down.sql"
};
static const unsigned char work_up[] = {
#embed "../../migrations/0006_work.sql"
};
static const unsigned char work_down[] = {
#embed "../../migrations/0006_work.down.sql"
};
static const unsigned char resolve_up[] = {
#embed "../../migrations/0007_resolve.sql"
};
static const unsigned char resolve_down[] = {
#embed "../../migrations/0007_resolve.down.sql"
};
static const unsigned char workers_up[] = {
#embed "../../migrations/0008_workers.sql"
};
static const unsigned char workers_down[] = {
#embed "../../migrations/0008_workers.down.sql"
};
static const unsigned char cancel_retry_up[] = {
#embed "../../migrations/0009_cancel_retry.sql"
};
static const unsigned char cancel_retry_down[] = {
#embed "../../migrations/0009_cancel_retry.down.sql"
};
static const unsigned char steps_up[] = {
#embed "../../migrations/0010_steps.sql"
};
static const unsigned char steps_down[] = {
#embed "../../migrations/0010_steps.down.sql"
};
static const unsigned char views_up[] = {
#embed "../../migrations/0011_views.sql"
};
static const unsigned char views_down[] = {
#embed "../../migrations/0011_views.down.sql"
};
static const unsigned char limits_up[] = {
#embed "../../migrations/0012_limits.sql"
};
static const unsigned char limits_down[] = {
#embed "../../migrations/0012_limits.down.sql"
};
static const unsigned char schedules_up[] = {
#embed "../../migrations/0013_schedules.sql"
};
static const unsigned char schedules_down[] = {
#embed "../../migrations/0013_schedules.down.sql"
};
static const unsigned char events_up[] = {
#embed "../../migrations/0014_events.sql"
};
static const unsigned char events_down[] = {
#embed "../../migrations/0014_events.down.sql"
};
static const unsigned char batches_up[] = {
#embed "../../migrations/0015_batches.sql"
};
static const unsigned char batches_down[] = {
#embed "../../migrations/0015_batches.down.sql"
};
static const unsigned char dead_letters_up[] = {
#embed "../../migrations/0016_dead_letters.sql"
};
static const unsigned char dead_letters_down[] = {
#embed "../../migrations/0016_dead_letters.down.sql"
};
static const unsigned char retention_up[] = {
#embed "../../migrations/0017_retention.sql"
};
static const unsigned char retention_down[] = {
#embed "../../migrations/0017_retention.down.sql"
};
static const unsigned char payloads_up[] = {
#embed "../../migrations/0018_payloads.sql"
};
static const unsigned char payloads_down[] = {
#embed "../../migrations/0018_payloads.down.sql"
};
static const unsigned char doctor_up[] = {
#embed "../../migrations/0019_doctor.sql"
};
static const unsigned char doctor_down[] = {
#embed "../../migrations/0019_doctor.down.sql"
};
static const unsigned char access_up[] = {
#embed "../../migrations/0020_access.sql"
};
static const unsigned char access_down[] = {
#embed "../../migrations/0020_access.down.sql"
};
static const unsigned char agents_up[] = {
#embed "../../migrations/0021_agents.sql"
};
static const unsigned char agents_down[] = {
#embed "../../migrations/0021_agents.down.sql"
};
static const unsigned char budgets_up[] = {
#embed "../../migrations/0022_budgets.sql"
};
static const unsigned char budgets_down[] = {
#embed "../../migrations/0022_budgets.down.sql"
};
static const unsigned char turns_up[] = {
#embed "../../migrations/0023_turns.sql"
};
static const unsigned char turns_down[] = {
#embed "../../migrations/0023_turns.down.sql"
};
static const unsigned char memory_up[] = {
#embed "../../migrations/0024_memory.sql"
};
static const unsigned char memory_down[] = {
#embed "../../migrations/0024_memory.down.sql"
};
static const unsigned char plans_up[] = {
#embed "../../migrations/0025_plans.sql"
};
static const unsigned char plans_down[] = {
#embed "../../migrations/0025_plans.down.sql"
};
static const unsigned char votes_up[] = {
#embed "../../migrations/0026_votes.sql"
};
static const unsigned char votes_down[] = {
#embed "../../migrations/0026_votes.down.sql"
};
static const unsigned char triggers_up[] = {
#embed "../../migrations/0027_triggers.sql"
};
static const unsigned char triggers_down[] = {
#embed "../../migrations/0027_triggers.down.sql"
};
static const unsigned char messages_up[] = {
#embed "../../migrations/0028_messages.sql"
};
static const unsigned char messages_down[] = {
#embed "../../migrations/0028_messages.down.sql"
};
static const unsigned char evaluations_up[] = {
#embed "../../migrations/0029_evaluations.sql"
};
static const unsigned char evaluations_down[] = {
#embed "../../migrations/0029_evaluations.down.sql"
};
static const unsigned char forks_up[] = {
#embed "../../migrations/0030_forks.sql"
};
static const unsigned char forks_down[] = {
#embed "../../migrations/0030_forks.down.sql"
};
static const unsigned char approvals_up[] = {
#embed "../../migrations/0031_approvals.sql"
};
static const unsigned char approvals_down[] = {
#embed "../../migrations/0031_approvals.down.sql"
};

#define MIGRATION(name) {#name, name##_up, sizeof name##_up, name##_down, sizeof name##_down}

// In the order in which they are applied; the first is version 1.
static const struct agentcorp_migration migrations[] = {
    MIGRATION(tables),
    MIGRATION(foundation),
    MIGRATION(gates),
    MIGRATION(enqueue),
    MIGRATION(tree),
    MIGRATION(work),
    MIGRATION(resolve),
    MIGRATION(workers),
    MIGRATION(cancel_retry),
    MIGRATION(steps),
    MIGRATION(views),
    MIGRATION(limits),
    MIGRATION(schedules),
    MIGRATION(events),
    MIGRATION(batches),
    MIGRATION(dead_letters),
    MIGRATION(retention),
    MIGRATION(payloads),
    MIGRATION(doctor),
    MIGRATION(access),
    MIGRATION(agents),
    MIGRATION(budgets),
    MIGRATION(turns),
    MIGRATION(memory),
    MIGRATION(plans),
    MIGRATION(votes),
    MIGRATION(triggers),
    MIGRATION(messages),
    MIGRATION(evaluations),
    MIGRATION(forks),
    MIGRATION(approvals),
};

size_t agentcorp_migration_count(void) { return sizeof migrations / sizeof *migrations; }

const struct agentcorp_migration *agentcorp_migration_at(size_t index) { return &migrations[index]; }
