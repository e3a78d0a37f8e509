#!/usr/bin/env bash
# A worker in bash and psql, one task at a time: AGENTCORP_DATABASE=... worker.sh [QUEUE]. It needs jq.
set -uo pipefail
queue=${1:-default}
stopping=
trap 'stopping=1' TERM

# Runs the SQL on its input; :'name' in it is the value of -v name=value. Columns are parted by a character that no value has.
sql() { psql -XAtq -F $'\x1f' -v ON_ERROR_STOP=1 -d "$AGENTCORP_DATABASE" "$@"; }

# What a kind does: arguments on the input, the output as JSON on the output. Another status than 0 is a failure.
execute() {
    case $1 in
    count_words) jq -r .text | wc -w ;;
    upper) jq '{text: .text | ascii_upcase}' ;;
    *) echo "no handler for $1" >&2 && return 1 ;;
    esac
}

worker=$(sql -v queue="$queue" -v host="$(hostname)" -v pid=$$ <<<"
    select worker from agentcorp.register_worker(:'host', :pid, '1', array[:'queue'], '{count_words,upper}', 1)") || exit
# It ends with this process, however that ends. A beat that is refused means that others have its tasks: stop, and be started again.
while sleep 5 && kill -0 $$ 2>/dev/null; do sql <<<"select * from agentcorp.heartbeat($worker)" >/dev/null || kill -TERM $$; done &
trap 'kill $! 2>/dev/null; sql <<<"select agentcorp.retire_worker($worker)" >/dev/null' EXIT

while [ -z "$stopping" ]; do
    task=$(sql -v queue="$queue" <<<"select task_id, attempt, kind, args from agentcorp.claim($worker, :'queue', 1)") || exit
    [ -n "$task" ] || { sleep 1; continue; }
    IFS=$'\x1f' read -r id attempt kind args <<<"$task"
    output='' message=''
    if said=$(execute "$kind" <<<"$args" 2>&1); then output=$said; else message=${said:-$kind failed}; fi
    sql -v output="$output" -v message="$message" >/dev/null <<<"
        select agentcorp.finish($id, $attempt, $worker, case when :'message' = '' then 'completed' else 'failed' end,
            nullif(:'output', '')::jsonb, case when :'message' <> '' then jsonb_build_object('message', :'message') end)" || exit
done
