-- Schedules: tasks by the calendar. A schedule's name chooses its shard; (schedule, fire_at) is the key of a fire, and so nothing fires
-- twice, however many coordinators there are.

create table agentcorp.schedule (
    created_at timestamptz not null,
    updated_at timestamptz not null,
    next_fire_at timestamptz not null,
    due_at timestamptz,
    paused_at timestamptz,
    failed_at timestamptz,
    last_fire_at timestamptz,
    last_task_id bigint,
    fired bigint not null default 0,
    skipped bigint not null default 0,
    jitter_ms bigint not null,
    shard smallint not null,
    name text not null check (name ~ '^[A-Za-z0-9][A-Za-z0-9_./-]{0,99}$'),
    cron text not null,
    time_zone text not null,
    catch_up text not null check (catch_up in ('none', 'latest', 'all')),
    overlap text not null check (overlap in ('skip', 'queue', 'cancel_running')),
    task jsonb not null,
    description text,
    error text,
    primary key (name, shard)
) with (fillfactor = 50);
comment on table agentcorp.schedule is 'What is to be enqueued when';
comment on column agentcorp.schedule.next_fire_at is 'The next moment of the timetable that has not been dealt with';
comment on column agentcorp.schedule.due_at is 'When to look at it: next_fire_at, later after an error, null while it is paused';
comment on column agentcorp.schedule.task is 'The fields of agentcorp.enqueue';
create index schedule_due on agentcorp.schedule (shard, due_at);

create table agentcorp.fire (
    fire_at timestamptz not null,
    fired_at timestamptz not null,
    task_id bigint,
    shard smallint not null,
    schedule text not null,
    skipped text check (skipped in ('missed', 'overlap')),
    primary key (schedule, fire_at, shard)
);
comment on table agentcorp.fire is 'The moments of timetables that have been dealt with; the key is what keeps one from firing twice';
comment on column agentcorp.fire.skipped is
    'Why there is no task: missed, it was too late (one row stands for all that were missed together), or overlap, the task before it was still open';

-- Cron

create type agentcorp.timetable as (
    every_s bigint, minutes int[], hours int[], days int[], months int[], weekdays int[], either_day boolean, by_clock boolean);
comment on type agentcorp.timetable is
    'A cron expression, read. every_s: an interval, and nothing else counts. either_day: day of month or day of week. by_clock: the time of day is given, so it runs once a day whatever daylight saving does';

create function agentcorp.refuse_cron(p_position int, p_problem text, p_hint text) returns void language plpgsql immutable as $$
begin
    raise exception 'cron: field % (%): %', p_position, (array['minute', 'hour', 'day of month', 'month', 'day of week'])[p_position], p_problem
        using errcode = 'AC007', hint = p_hint;
end $$;
comment on function agentcorp.refuse_cron is 'Raises AC007 for a field of a cron expression';

create function agentcorp.cron_value(p_token text, p_position int) returns int language plpgsql immutable as $$
declare
    v_low int := (array[0, 0, 1, 1, 0])[p_position];
    v_high int := (array[59, 23, 31, 12, 7])[p_position];
    v_names text[] := case p_position
        when 4 then '{JANUARY,FEBRUARY,MARCH,APRIL,MAY,JUNE,JULY,AUGUST,SEPTEMBER,OCTOBER,NOVEMBER,DECEMBER}'
        when 5 then '{SUNDAY,MONDAY,TUESDAY,WEDNESDAY,THURSDAY,FRIDAY,SATURDAY}' else '{}' end::text[];
    v_value int;
begin
    if p_token ~ '^[0-9]+$' then
        if length(p_token) > 4 or p_token::int not between v_low and v_high then
            perform agentcorp.refuse_cron(p_position, format('%s is not between %s and %s', left(p_token, 20), v_low, v_high), 'Use a value in that range.');
        end if;
        return p_token;
    end if;
    select i into v_value from unnest(v_names) with ordinality u(n, i) where p_token in (n, left(n, 3));
    if v_value is null then
        perform agentcorp.refuse_cron(p_position, format('"%s" is not understood', left(p_token, 20)), trim(concat(
            agentcorp.did_you_mean(p_token, v_names || array(select left(n, 3) from unnest(v_names) n)),
            format(' Use * or numbers from %s to %s', v_low, v_high),
            case p_position when 4 then ' or names from JAN to DEC' when 5 then ' or names from SUN to SAT' end,
            ', with lists (1,5), ranges (1-5) and steps (*/15).')));
    end if;
    return v_value + v_low - 1;
end $$;
comment on function agentcorp.cron_value is 'A number or name in a field of a cron expression';

create function agentcorp.cron_field(p_field text, p_position int) returns int[] language plpgsql immutable as $$
declare
    v_low int := (array[0, 0, 1, 1, 0])[p_position];
    v_high int := (array[59, 23, 31, 12, 6])[p_position];
    v_item text;
    v_part text[];
    v_from int;
    v_to int;
    v_step int;
    v_all int[] := '{}';
begin
    if p_field = '*' or p_field = '?' and p_position in (3, 5) then
        return array(select generate_series(v_low, v_high));
    end if;
    foreach v_item in array string_to_array(upper(p_field), ',') loop
        v_part := regexp_match(v_item, '^(?:(\*)|([A-Z0-9]+)(?:-([A-Z0-9]+))?)(?:/([0-9]+))?$');
        if v_part is null then
            perform agentcorp.refuse_cron(p_position, case when v_item = '' then 'an element of the list is empty' else format('"%s" is not understood', left(v_item, 20)) end,
                'Use *, a value, a range (1-5) or a step (*/15, 10-40/5), or several with commas. L, W and # are not supported.');
        end if;
        if v_part[1] is not null then
            v_from := v_low;
            v_to := v_high;
        else
            v_from := agentcorp.cron_value(v_part[2], p_position);
            v_to := case when v_part[3] is null then v_from else agentcorp.cron_value(v_part[3], p_position) end;
            if p_position = 5 and v_to = 0 and v_from > 0 then
                v_to := 7;
            end if;
            if v_part[3] is null and v_part[4] is not null then
                perform agentcorp.refuse_cron(p_position, format('"%s" is a step without a range', v_item), format('Write %s-%s/%s.', v_from, v_high, left(v_part[4], 4)));
            elsif v_to < v_from then
                perform agentcorp.refuse_cron(p_position, format('the range "%s" runs backwards', v_item), format('Write %s-%s,%s-%s.', v_from, v_high, v_low, v_to));
            end if;
        end if;
        if length(v_part[4]) > 4 or v_part[4]::int not between 1 and v_high then
            perform agentcorp.refuse_cron(p_position, format('the step in "%s" is not between 1 and %s', left(v_item, 20), v_high),
                case when p_position < 3 and v_part[4]::numeric > v_high then format('For an interval write every %s%s.', left(v_part[4], 6), (array['m', 'h'])[p_position])
                    else 'Use a step in that range.' end);
        end if;
        v_all := v_all || array(select i % case p_position when 5 then 7 else 100 end from generate_series(v_from, v_to, coalesce(v_part[4]::int, 1)) i);
    end loop;
    return array(select distinct i from unnest(v_all) i order by i);
end $$;
comment on function agentcorp.cron_field is 'The values that a field of a cron expression stands for, ascending';

create function agentcorp.parse_cron(p_cron text) returns agentcorp.timetable language plpgsql immutable as $$
declare
    v_cron text := trim(regexp_replace(p_cron, '\s+', ' ', 'g'));
    v_nicknames text[] := '{@hourly,@daily,@midnight,@weekly,@monthly,@yearly,@annually}';
    v_fields text[];
    v_every interval;
    v agentcorp.timetable;
begin
    if coalesce(v_cron, '') = '' or length(v_cron) > 1000 then
        raise exception 'cron: the expression is %', case when length(v_cron) > 1000 then 'over 1000 characters' else 'empty' end
            using errcode = 'AC007', hint = 'Write five fields, as in "30 2 * * MON-FRI", or @daily, or an interval such as "every 15m".';
    end if;
    if v_cron ~* '^@?every\s' then
        begin
            v_every := substr(v_cron, position(' ' in v_cron) + 1)::interval;
        exception when invalid_datetime_format or datetime_field_overflow or interval_field_overflow then
            raise exception 'cron: "%" is not an interval', left(v_cron, 50) using errcode = 'AC007', hint = 'Write every 90s, every 15m, every 2h or every 1d.';
        end;
        v.every_s := floor(extract(epoch from v_every));
        if extract(year from v_every) <> 0 or extract(month from v_every) <> 0 then
            raise exception 'cron: months have no fixed length' using errcode = 'AC007', hint = 'Use @monthly or @yearly, or days.';
        elsif v.every_s <> extract(epoch from v_every) or v.every_s not between 1 and 315576000 then
            raise exception 'cron: an interval is whole seconds, from one second to ten years' using errcode = 'AC007',
                hint = 'Write every 90s, every 15m, every 2h or every 1d.';
        end if;
        return v;
    end if;
    if v_cron like '@%' then
        v_fields := string_to_array(case lower(v_cron) when '@hourly' then '0 * * * *' when '@daily' then '0 0 * * *' when '@midnight' then '0 0 * * *'
            when '@weekly' then '0 0 * * 0' when '@monthly' then '0 0 1 * *' when '@yearly' then '0 0 1 1 *' when '@annually' then '0 0 1 1 *' end, ' ');
        if v_fields is null then
            raise exception 'cron: "%" is not understood', left(v_cron, 50) using errcode = 'AC007',
                hint = trim(concat(agentcorp.did_you_mean(v_cron, v_nicknames || array['@every']), ' Use ', array_to_string(v_nicknames, ', '), ' or "@every 15m".'));
        end if;
    else
        v_fields := string_to_array(v_cron, ' ');
    end if;
    if v_fields[1] ~* '^(cron_)?tz=' then
        raise exception 'cron: a time zone does not belong into the expression' using errcode = 'AC007',
            hint = format('Use time_zone => %L.', left(split_part(v_fields[1], '=', 2), 50));
    elsif cardinality(v_fields) <> 5 then
        raise exception 'cron: "%" has % fields, not 5', left(v_cron, 50), cardinality(v_fields) using errcode = 'AC007',
            hint = 'They are minute, hour, day of month, month, day of week, as in "30 2 * * MON-FRI".'
                || case when cardinality(v_fields) in (6, 7) then ' There is none for seconds or years; for seconds use an interval such as "every 30s".' else '' end;
    end if;
    v.minutes := agentcorp.cron_field(v_fields[1], 1);
    v.hours := agentcorp.cron_field(v_fields[2], 2);
    v.days := agentcorp.cron_field(v_fields[3], 3);
    v.months := agentcorp.cron_field(v_fields[4], 4);
    v.weekdays := agentcorp.cron_field(v_fields[5], 5);
    v.either_day := v_fields[3] !~ '^[*?]' and v_fields[5] !~ '^[*?]';
    v.by_clock := v_fields[1] !~ '^\*' and v_fields[2] !~ '^\*';
    if not v.either_day and not exists (select from unnest(v.months) m where v.days[1] <= (array[31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])[m]) then
        perform agentcorp.refuse_cron(3, format('no month that field 4 (month) names has a day %s', v.days[1]), 'Such a date never comes.');
    end if;
    return v;
end $$;
comment on function agentcorp.parse_cron is 'Reads a cron expression; AC007 names the field that is wrong';

-- The calendar alone, without time zones: years and months that do not match are passed over whole.
create function agentcorp.next_wall(p_times agentcorp.timetable, p_from timestamp) returns timestamp language plpgsql immutable as $$
declare
    v_day date := p_from;
    v_hour int := extract(hour from p_from);
    v_minute int := extract(minute from p_from);
    v_month int := extract(month from p_from);
    v_weekday int;
    v_is_day boolean;
    v_end date;
    i int;
begin
    -- The last of the 40 years may be needed: 29 February on one day of the week, across a year without one.
    for attempt in 1 .. 41 * 12 loop
        v_end := date_trunc('month', v_day) + interval '1 month';
        if v_month = any (p_times.months) then
            v_weekday := extract(dow from v_day);
            while v_day < v_end loop
                v_is_day := extract(day from v_day) = any (p_times.days);
                if p_times.either_day and (v_is_day or v_weekday = any (p_times.weekdays)) or v_is_day and v_weekday = any (p_times.weekdays) then
                    foreach i in array p_times.hours loop
                        if i = v_hour and v_minute <= p_times.minutes[cardinality(p_times.minutes)] then
                            return v_day + make_time(i, (select m from unnest(p_times.minutes) m where m >= v_minute limit 1), 0);
                        elsif i > v_hour then
                            return v_day + make_time(i, p_times.minutes[1], 0);
                        end if;
                    end loop;
                end if;
                v_day := v_day + 1;
                v_weekday := (v_weekday + 1) % 7;
                v_hour := -1;
            end loop;
        end if;
        v_day := v_end;
        v_month := v_month % 12 + 1;
        v_hour := -1;
    end loop;
end $$;
comment on function agentcorp.next_wall is 'The first matching minute of the calendar that is not before a given one; null: none in 40 years';

create function agentcorp.zone_offset(p_zone text, p_at timestamptz) returns interval language sql stable as $$
    select (p_at at time zone p_zone) - (p_at at time zone 'UTC')
$$;
comment on function agentcorp.zone_offset is 'How far a zone''s clocks are ahead of UTC';

create function agentcorp.clock_change(p_zone text, p_after timestamptz, p_until timestamptz) returns timestamptz language plpgsql stable as $$
declare
    v_before interval := agentcorp.zone_offset(p_zone, p_after);
    v_low timestamptz := date_trunc('second', p_after);
    v_high timestamptz := date_trunc('second', p_until) + interval '1 second';
    v_middle timestamptz;
begin
    if agentcorp.zone_offset(p_zone, p_until) = v_before then
        return null;
    end if;
    while v_high - v_low > interval '1 second' loop
        v_middle := date_trunc('second', v_low + (v_high - v_low) / 2);
        if agentcorp.zone_offset(p_zone, v_middle) = v_before then
            v_low := v_middle;
        else
            v_high := v_middle;
        end if;
    end loop;
    return v_high;
end $$;
comment on function agentcorp.clock_change is 'When the clocks of a zone are changed within a span of few days; null: they are not';

-- The moment of a wall time: the first one when there are two, the end of the gap when there is none.
create function agentcorp.wall_moment(p_zone text, p_wall timestamp) returns timestamptz language plpgsql stable as $$
declare
    -- PostgreSQL takes the later of two, and goes on by the clock of before where there is none.
    v_moment timestamptz := p_wall at time zone p_zone;
    v_early timestamptz;
begin
    if (v_moment at time zone p_zone) <> p_wall then
        return agentcorp.clock_change(p_zone, v_moment - ((v_moment at time zone p_zone) - p_wall), v_moment);
    end if;
    v_early := (p_wall at time zone 'UTC') - agentcorp.zone_offset(p_zone, v_moment - interval '1 day');
    return case when v_early < v_moment and (v_early at time zone p_zone) = p_wall then v_early else v_moment end;
end $$;
comment on function agentcorp.wall_moment is 'When the clocks of a zone show a given time for the first time, or would have shown it';

-- As the cron of Debian does it: what names its time of day runs once for each such time; what has a * for the minute or the hour just
-- follows the clocks, whatever they do.
create function agentcorp.next_moment(p_times agentcorp.timetable, p_zone text, p_after timestamptz) returns timestamptz language plpgsql stable as $$
declare
    v_after timestamptz := p_after;
    v_local timestamp;
    v_wall timestamp;
    v_moment timestamptz;
    v_horizon timestamptz;
    v_change timestamptz;
begin
    if p_times.every_s is not null then
        -- Counted from a Monday, 1 January 2001 in UTC: neither a restart nor a late fire moves them.
        return to_timestamp(978307200 + (floor((extract(epoch from p_after) - 978307200) / p_times.every_s) + 1) * p_times.every_s);
    end if;
    v_local := date_trunc('minute', p_after at time zone p_zone) + interval '1 minute';
    if p_times.by_clock then
        loop
            v_wall := agentcorp.next_wall(p_times, v_local);
            v_moment := agentcorp.wall_moment(p_zone, v_wall);
            if v_moment is null or v_moment > p_after then
                return v_moment;
            end if;
            v_local := v_wall + interval '1 minute';
        end loop;
    end if;
    loop
        v_wall := agentcorp.next_wall(p_times, v_local);
        -- If the clocks are not changed before then. If they are, look again from where they are changed.
        v_moment := v_after + (v_wall - (v_after at time zone p_zone));
        v_horizon := least(v_moment, v_after + interval '2 days');
        v_change := agentcorp.clock_change(p_zone, v_after, v_horizon);
        if v_change is not null then
            v_after := v_change;
            v_local := v_change at time zone p_zone;
            if v_local > date_trunc('minute', v_local) then
                v_local := date_trunc('minute', v_local) + interval '1 minute';
            end if;
        elsif v_moment is null or v_moment = v_horizon then
            return v_moment;
        else
            -- Nothing matches before that time on any clock: what happens until the day before does not matter.
            v_after := (v_wall - interval '1 day') at time zone p_zone;
            v_local := v_wall;
        end if;
    end loop;
end $$;
comment on function agentcorp.next_moment is 'The first moment of a timetable after a given one';

create function agentcorp.latest_moment(p_times agentcorp.timetable, p_zone text, p_first timestamptz, p_until timestamptz) returns timestamptz language plpgsql stable as $$
declare
    -- After v_low there is still a moment until p_until, or v_low is one; after v_high there is none.
    v_low timestamptz := p_first;
    v_high timestamptz := p_until;
    v_step interval := interval '1 minute';
    v_latest timestamptz := p_first;
    v_next timestamptz;
begin
    if p_times.every_s is not null then
        return agentcorp.next_moment(p_times, p_zone, p_until - p_times.every_s * interval '1 second');
    end if;
    while v_high - v_low > interval '1 minute' loop
        v_next := greatest(v_high - v_step, v_low + (v_high - v_low) / 2);
        if agentcorp.next_moment(p_times, p_zone, v_next) <= p_until then
            v_low := v_next;
        else
            v_high := v_next;
        end if;
        v_step := v_step * 2;
    end loop;
    loop
        v_next := agentcorp.next_moment(p_times, p_zone, v_low);
        exit when v_next > p_until;
        v_latest := v_next;
        v_low := v_next;
    end loop;
    return v_latest;
end $$;
comment on function agentcorp.latest_moment is 'The last moment of a timetable until a given one, when the first that counts is known; without counting through those between';

create function agentcorp.check_time_zone(p_zone text) returns text language plpgsql stable as $$
declare
    v_name text;
    v_near text;
begin
    -- To list the zones takes the server tens of milliseconds.
    if p_zone = 'UTC' then
        return p_zone;
    end if;
    select z.name into v_name from pg_timezone_names z where lower(z.name) = lower(p_zone) and z.name !~ '^(posix|right)/';
    if v_name is null then
        select format('did you mean "%s"?', z.name) into v_near from pg_timezone_names z
            where z.name !~ '^(posix|right)/' and lower(split_part(z.name, '/', -1)) = lower(replace(split_part(p_zone, '/', -1), ' ', '_')) order by z.name limit 1;
        raise exception 'unknown time zone "%"', left(p_zone, 50) using errcode = 'AC007',
            hint = trim(concat(coalesce(v_near, agentcorp.did_you_mean(p_zone, array(select z.name from pg_timezone_names z
                where z.name !~ '^(posix|right)/' and abs(length(z.name) - length(p_zone)) <= 2))),
                ' Use a name such as Europe/Berlin or UTC; select name from pg_timezone_names lists them.'));
    end if;
    return v_name;
end $$;
comment on function agentcorp.check_time_zone is 'The name of a time zone as the server spells it; AC007 when it has none of that name';

create function agentcorp.next_fire(cron text, time_zone text default 'UTC', after timestamptz default agentcorp.clock()) returns timestamptz language plpgsql stable as $$
begin
    if after is null or after not between '1900-01-01' and '9900-01-01' then
        raise exception 'after is not between the years 1900 and 9900' using errcode = 'AC007', hint = 'Give such a moment.';
    end if;
    return agentcorp.next_moment(agentcorp.parse_cron(cron), agentcorp.check_time_zone(time_zone), after);
end $$;
comment on function agentcorp.next_fire is 'When a cron expression fires next';

-- Setting

create function agentcorp.refuse_schedule(p_name text) returns void language plpgsql stable as $$
begin
    raise exception 'unknown schedule "%"', p_name using errcode = 'AC001',
        hint = trim(concat(agentcorp.did_you_mean(p_name, array(select s.name from agentcorp.schedule s)), ' List them with: agentcorp schedules list'));
end $$;
comment on function agentcorp.refuse_schedule is 'Raises AC001 for a name that no schedule has, with a suggestion';

create function agentcorp.hold_schedule(p_name text) returns agentcorp.schedule language plpgsql as $$
declare
    v agentcorp.schedule;
begin
    select * into v from agentcorp.schedule s where s.name = p_name for update;
    if v.name is null then
        perform agentcorp.refuse_schedule(p_name);
    end if;
    return v;
end $$;
comment on function agentcorp.hold_schedule is 'Locks a schedule; AC001 with a suggestion when there is none of that name';

create function agentcorp.set_schedule(
    name text, cron text, kind text, args jsonb default '{}', time_zone text default 'UTC', catch_up text default 'none', overlap text default 'skip',
    jitter interval default '0', queue text default 'default', priority int default 4, max_attempts int default 10, timeout interval default null,
    backoff text default null, tags text[] default null, description text default null, concurrency_key text default null, ordered_key text default null,
    tenant text default null)
returns timestamptz language plpgsql as $$
declare
    v_now timestamptz := agentcorp.clock();
    v_cron text := trim(regexp_replace(cron, '\s+', ' ', 'g'));
    v_times agentcorp.timetable := agentcorp.parse_cron(cron);
    v_zone text := agentcorp.check_time_zone(coalesce(time_zone, ''));
    v_jitter bigint := coalesce((extract(epoch from jitter) * 1000)::bigint, 0);
    v_task jsonb := jsonb_strip_nulls(jsonb_build_object('kind', kind, 'queue', coalesce(queue, 'default'), 'priority', coalesce(priority, 4),
        'max_attempts', coalesce(max_attempts, 10), 'timeout', (extract(epoch from timeout) * 1000)::bigint || ' ms', 'backoff', backoff, 'tags', to_jsonb(tags),
        'concurrency_key', concurrency_key, 'ordered_key', ordered_key, 'tenant', tenant)) || jsonb_build_object('args', coalesce(args, '{}'));
    v_old agentcorp.schedule;
    v_next timestamptz;
begin
    if name is null or name !~ '^[A-Za-z0-9][A-Za-z0-9_./-]{0,99}$' then
        raise exception 'schedule name "%" is not valid', left(name, 120) using errcode = 'AC007',
            hint = 'Use 1 to 100 letters, digits, "_", ".", "/" or "-", beginning with a letter or a digit.';
    end if;
    if catch_up is null or catch_up not in ('none', 'latest', 'all') then
        raise exception 'catch_up: "%" is not understood', catch_up using errcode = 'AC007',
            hint = trim(concat(agentcorp.did_you_mean(catch_up, '{none,latest,all}'), ' Use none, latest or all.'));
    end if;
    if overlap is null or overlap not in ('skip', 'queue', 'cancel_running') then
        raise exception 'overlap: "%" is not understood', overlap using errcode = 'AC007',
            hint = trim(concat(agentcorp.did_you_mean(overlap, '{skip,queue,cancel_running}'), ' Use skip, queue or cancel_running.'));
    end if;
    if v_jitter not between 0 and 86400000 then
        raise exception 'jitter % is not between 0 and a day', jitter using errcode = 'AC007', hint = 'Leave it out to run on the minute.';
    end if;
    if length(description) > 1000 then
        raise exception 'description is over 1000 characters' using errcode = 'AC007', hint = 'Shorten it.';
    end if;
    if exists (select from unnest(tags) t where t is null or length(t) > 1000) then
        raise exception 'a tag is null or over 1000 characters' using errcode = 'AC007', hint = 'Shorten it, or leave it out.';
    end if;
    perform agentcorp.queue_id(coalesce(queue, 'default'));
    perform agentcorp.check_payload('args', args);
    perform agentcorp.check_nodes(array[v_task], array[format('schedule "%s"', name)], false);
    loop
        select * into v_old from agentcorp.schedule s where s.name = set_schedule.name for update;
        exit when v_old.name is not null;
        v_next := agentcorp.next_moment(v_times, v_zone, v_now);
        insert into agentcorp.schedule (created_at, updated_at, next_fire_at, due_at, jitter_ms, shard, name, cron, time_zone, catch_up, overlap, task, description)
            values (v_now, v_now, v_next, v_next, v_jitter, agentcorp.choose_shard(name), set_schedule.name, v_cron, v_zone, set_schedule.catch_up,
                set_schedule.overlap, v_task, set_schedule.description) on conflict do nothing;
        if found then
            perform agentcorp.wake_coordinator(agentcorp.choose_shard(name)) where v_next < v_now + interval '1 second';
            return v_next;
        end if;
    end loop;
    -- The timetable goes on where it was, unless it is another one: a deployment that sets its schedules again loses nothing.
    v_next := case when (v_old.cron, v_old.time_zone) = (v_cron, v_zone) then v_old.next_fire_at
        else agentcorp.next_moment(v_times, v_zone, greatest(v_now, v_old.last_fire_at)) end;
    if v_old.error is not null or (v_old.cron, v_old.time_zone, v_old.catch_up, v_old.overlap, v_old.jitter_ms, v_old.task, v_old.description)
        is distinct from (v_cron, v_zone, set_schedule.catch_up, set_schedule.overlap, v_jitter, v_task, set_schedule.description)
    then
        update agentcorp.schedule s set updated_at = v_now, next_fire_at = v_next, due_at = case when s.paused_at is null then v_next end, jitter_ms = v_jitter,
            cron = v_cron, time_zone = v_zone, catch_up = set_schedule.catch_up, overlap = set_schedule.overlap, task = v_task,
            description = set_schedule.description, error = null, failed_at = null
            where s.name = v_old.name and s.shard = v_old.shard;
        perform agentcorp.wake_coordinator(v_old.shard) where v_next < v_now + interval '1 second';
    end if;
    return v_next;
end $$;
comment on function agentcorp.set_schedule is
    'Makes or changes a schedule; returns when it fires next. Setting it again as it is changes nothing; a change keeps the next moment unless cron or time zone differ, and a pause';

create function agentcorp.remove_schedule(name text) returns void language plpgsql as $$
declare
    v agentcorp.schedule := agentcorp.hold_schedule(name);
begin
    delete from agentcorp.schedule s where s.name = v.name and s.shard = v.shard;
end $$;
comment on function agentcorp.remove_schedule is 'Removes a schedule; its tasks and the record of its fires stay';

create function agentcorp.pause_schedule(name text) returns void language plpgsql as $$
declare
    v agentcorp.schedule := agentcorp.hold_schedule(name);
begin
    update agentcorp.schedule s set paused_at = coalesce(s.paused_at, agentcorp.clock()), due_at = null where s.name = v.name and s.shard = v.shard;
end $$;
comment on function agentcorp.pause_schedule is 'The schedule does not fire until it is resumed; its open tasks go on';

create function agentcorp.resume_schedule(name text) returns timestamptz language plpgsql as $$
declare
    v_now timestamptz := agentcorp.clock();
    v agentcorp.schedule := agentcorp.hold_schedule(name);
begin
    if v.paused_at is null then
        return v.next_fire_at;
    end if;
    if v.catch_up = 'none' and v.next_fire_at <= v_now then
        v.next_fire_at := agentcorp.next_moment(agentcorp.parse_cron(v.cron), v.time_zone, v_now);
    end if;
    update agentcorp.schedule s set paused_at = null, next_fire_at = v.next_fire_at, due_at = v.next_fire_at where s.name = v.name and s.shard = v.shard;
    perform agentcorp.wake_coordinator(v.shard) where v.next_fire_at < v_now + interval '1 second';
    return v.next_fire_at;
end $$;
comment on function agentcorp.resume_schedule is
    'Ends a pause; returns when the schedule fires next. What it missed meanwhile is skipped or caught up with as its catch_up says';

create function agentcorp.scheduled_task(p_name text, p_task jsonb) returns jsonb language sql immutable as $$
    select p_task || jsonb_build_object('name', case when p_task ->> 'kind' = 'plan' then p_task #>> '{args,plan}' else p_name end, 'tags', coalesce(p_task -> 'tags', '[]') || to_jsonb('schedule:' || p_name))
$$;
comment on function agentcorp.scheduled_task is 'The fields of agentcorp.enqueue for a task of a schedule';

create function agentcorp.run_schedule(name text) returns bigint language plpgsql as $$
declare
    v agentcorp.schedule;
begin
    select * into v from agentcorp.schedule s where s.name = run_schedule.name;
    if v.name is null then
        perform agentcorp.refuse_schedule(name);
    end if;
    return agentcorp.enqueue_node(agentcorp.scheduled_task(v.name, v.task));
end $$;
comment on function agentcorp.run_schedule is
    'Enqueues the task of a schedule now, whether it is paused or its last task still runs, and returns the id; the timetable does not notice';

create function agentcorp.preview_schedule(cron text, time_zone text default 'UTC', n int default 10, after timestamptz default agentcorp.clock())
returns table (fire_at timestamptz, local_time timestamp) language plpgsql stable as $$
declare
    v_times agentcorp.timetable := agentcorp.parse_cron(cron);
    v_zone text := agentcorp.check_time_zone(coalesce(time_zone, ''));
begin
    if n is null or n not between 0 and 1000 then
        raise exception 'n % is not between 0 and 1000', n using errcode = 'AC007';
    elsif after is null or after not between '1900-01-01' and '9900-01-01' then
        raise exception 'after is not between the years 1900 and 9900' using errcode = 'AC007', hint = 'Give such a moment.';
    end if;
    fire_at := after;
    for i in 1 .. n loop
        fire_at := agentcorp.next_moment(v_times, v_zone, fire_at);
        exit when fire_at is null;
        local_time := fire_at at time zone v_zone;
        return next;
    end loop;
end $$;
comment on function agentcorp.preview_schedule is 'The next moments of a cron expression, with the local time of each';

create function agentcorp.next_fires(name text, n int default 10) returns table (fire_at timestamptz, local_time timestamp) language plpgsql stable as $$
declare
    v agentcorp.schedule;
begin
    select * into v from agentcorp.schedule s where s.name = next_fires.name;
    if v.name is null then
        perform agentcorp.refuse_schedule(name);
    end if;
    return query select * from agentcorp.preview_schedule(v.cron, v.time_zone, n,
        case when v.paused_at is null then v.next_fire_at - interval '1 microsecond' else agentcorp.clock() end);
end $$;
comment on function agentcorp.next_fires is 'The next moments of a schedule, beginning with the one that has not been dealt with; of a paused one, those after now';

-- Firing

-- locks: what enqueue and cancel lock; the schedule is the caller's
create function agentcorp.fire_schedule(p_schedule agentcorp.schedule, p_now timestamptz, p_limit int, p_grace interval) returns int language plpgsql
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
    v agentcorp.schedule := p_schedule;
    v_times agentcorp.timetable := agentcorp.parse_cron(v.cron);
    v_from timestamptz := v.next_fire_at;
    v_is_open boolean;
    v_needs bigint[];
    v_old timestamptz[];
    v_fires int := 0;
begin
    if v.catch_up = 'none' and v.next_fire_at < p_now - p_grace then
        v.next_fire_at := agentcorp.next_moment(v_times, v.time_zone, p_now - p_grace);
    elsif v.catch_up = 'latest' then
        v.next_fire_at := agentcorp.latest_moment(v_times, v.time_zone, v.next_fire_at, p_now);
    end if;
    if v.next_fire_at > v_from then
        insert into agentcorp.fire (fire_at, fired_at, shard, schedule, skipped) values (v_from, p_now, v.shard, v.name, 'missed') on conflict do nothing;
        v.skipped := v.skipped + 1;
    end if;
    while v.next_fire_at <= p_now and v_fires < p_limit loop
        -- The schedule was removed and made again, or the clock of the server was set back.
        if not exists (select from agentcorp.fire f where f.schedule = v.name and f.fire_at = v.next_fire_at and f.shard = v.shard) then
            v_fires := v_fires + 1;
            v_needs := null;
            select l.outcome is null or l.outcome not between 1 and 4 into v_is_open
                from agentcorp.task t left join lateral agentcorp.last_outcome(t.shard, t.id) l on true
                where t.id = v.last_task_id and t.shard = agentcorp.shard_of(v.last_task_id);
            if v_is_open and v.overlap = 'skip' then
                insert into agentcorp.fire (fire_at, fired_at, shard, schedule, skipped) values (v.next_fire_at, p_now, v.shard, v.name, 'overlap');
                v.skipped := v.skipped + 1;
            else
                if v_is_open and v.overlap = 'cancel_running' then
                    perform agentcorp.cancel(v.last_task_id, format('schedule "%s" has fired again', v.name));
                elsif v_is_open then
                    v_needs := array[v.last_task_id];
                end if;
                -- The run of a plan is told for which moment it runs.
                v.last_task_id := agentcorp.enqueue_node(agentcorp.scheduled_task(v.name, case when v.task ->> 'kind' = 'plan'
                        then jsonb_set(v.task, '{args,trigger,fire_at}', to_jsonb(v.next_fire_at)) else v.task end) || jsonb_strip_nulls(jsonb_build_object(
                    'unique_key', format('schedule:%s:%s', v.name, to_char(v.next_fire_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')),
                    'run_at', case when v.jitter_ms > 0 then v.next_fire_at + interval '1 millisecond'
                        * ((hashtextextended(v.name, extract(epoch from v.next_fire_at)::bigint) & 9007199254740991) % v.jitter_ms) end,
                    'needs', to_jsonb(v_needs), 'join', case when v_needs is not null then 'settled' end)));
                insert into agentcorp.fire (fire_at, fired_at, task_id, shard, schedule) values (v.next_fire_at, p_now, v.last_task_id, v.shard, v.name);
                v.fired := v.fired + 1;
                v.last_fire_at := v.next_fire_at;
            end if;
        end if;
        v.next_fire_at := agentcorp.next_moment(v_times, v.time_zone, v.next_fire_at);
    end loop;
    -- History, and against a clock that is set back; neither needs more.
    v_old := array(select f.fire_at from agentcorp.fire f where f.schedule = v.name and f.shard = v.shard and f.fire_at < p_now - interval '30 days'
        order by f.fire_at limit 20);
    if v_old <> '{}' then
        delete from agentcorp.fire f where f.schedule = v.name and f.shard = v.shard and f.fire_at = any (v_old);
    end if;
    update agentcorp.schedule s set next_fire_at = v.next_fire_at, due_at = greatest(v.next_fire_at, p_now), last_fire_at = v.last_fire_at,
        last_task_id = v.last_task_id, fired = v.fired, skipped = v.skipped, error = null, failed_at = null
        where s.name = v.name and s.shard = v.shard;
    return v_fires;
end $$;
comment on function agentcorp.fire_schedule is 'Deals with what is due of one schedule, at most so many moments of it; returns how many';

-- Whose turn comes last is who was served last: one with much to catch up with does not hold up the others, nor does one that fails.
-- locks: schedule, then what enqueue and cancel lock
create function agentcorp.fire_schedules(p_shard smallint, p_limit int default 100, p_grace interval default '1 minute',
    out fired int, out failed int, out next_in_ms bigint) language plpgsql set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
    v_now timestamptz := agentcorp.clock();
    v agentcorp.schedule;
    v_message text;
begin
    fired := 0;
    failed := 0;
    for v in select s.* from agentcorp.schedule s where s.shard = p_shard and s.due_at <= v_now order by s.due_at limit p_limit for update skip locked loop
        begin
            fired := fired + agentcorp.fire_schedule(v, v_now, 10, p_grace);
        exception when others then
            get stacked diagnostics v_message = message_text;
            failed := failed + 1;
            update agentcorp.schedule s set due_at = v_now + interval '10 seconds', error = v_message, failed_at = v_now where s.name = v.name and s.shard = v.shard;
        end;
    end loop;
    select agentcorp.until(agentcorp.clock(), s.due_at) into next_in_ms
        from agentcorp.schedule s where s.shard = p_shard and s.due_at is not null order by s.due_at limit 1;
    -- Another session is at it.
    if fired = 0 and next_in_ms = 0 then
        next_in_ms := 100;
    end if;
end $$;
comment on function agentcorp.fire_schedules is
    'Enqueues the tasks of schedules that are due. Safe in several sessions at once. Says how many moments it dealt with, how many schedules could not fire (their error is in agentcorp.schedules), and in how many milliseconds the next is due';

create view agentcorp.schedules as
select s.name, s.cron, s.time_zone, s.task ->> 'kind' kind, s.task ->> 'queue' queue, s.catch_up, s.overlap, s.jitter_ms * interval '1 millisecond' jitter,
    s.paused_at, case when s.paused_at is null then s.next_fire_at end next_fire_at, s.last_fire_at, s.last_task_id, t.state last_state, s.fired, s.skipped,
    s.error, s.failed_at, s.description, s.created_at, s.updated_at, s.task
from agentcorp.schedule s
left join (
    -- All at once: to ask for one costs as much. A task that has been pruned has no state.
    select t.id, x.state from (select agentcorp.shard_of(l.last_task_id) shard, array_agg(l.last_task_id) ids from agentcorp.schedule l
        where l.last_task_id is not null group by 1) g
    cross join lateral agentcorp.states(g.shard, g.ids) x
    cross join lateral (select t.id from agentcorp.task t where t.id = x.task_id and t.shard = g.shard offset 0) t) t on t.id = s.last_task_id;
comment on view agentcorp.schedules is 'Schedules: when each fires next, how the task of its last fire stands, and why it cannot fire';

create view agentcorp.fires as
select f.schedule, f.fire_at, f.fired_at, f.task_id, f.skipped from agentcorp.fire f;
comment on view agentcorp.fires is 'What became of each moment of each timetable: a task, or why it was skipped';
