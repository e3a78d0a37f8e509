import Postgres
import TestSupport
import Testing

/// Payloads over 256 KiB.
@Suite(.checkedDatabase)
struct PayloadTests {
    /// A value of exactly so many bytes as PostgreSQL holds it.
    private static func sized(_ bytes: Int, _ letter: String = "y") -> String {
        "jsonb_build_object('x', repeat('\(letter)', \(bytes) - pg_column_size(jsonb_build_object('x', ''))))"
    }

    private static let large = sized(300_000)

    /// Deletes a task as retention does, with the blobs that only it uses.
    private static func prune(_ task: Int) -> String {
        """
        delete from agentcorp.task where id = \(task); delete from agentcorp.ready where task_id = \(task);
        insert into agentcorp.count_delta (queue_id, ready, shard) values (1, -1, 0);
        select agentcorp.drop_blobs_of(0::smallint, array[\(task)]::bigint[])
        """
    }

    @Test("256 KiB stay in their column, a byte more becomes a blob, and every reader gets it whole")
    func boundary() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        for (bytes, blobs) in [(262_144, 0), (262_145, 1)] {
            let value = Self.sized(bytes)
            #expect(try await sql.int("select pg_column_size(\(value))") == bytes)
            let one = try await sql.enqueue("'a', args => \(value)")
            let many = try await sql.int(
                "select agentcorp.enqueue_many(jsonb_build_array(jsonb_build_object('kind', 'a', 'args', \(value))))")
            let tree = try await sql.int(
                "select agentcorp.enqueue_tree(jsonb_build_object('kind', 'a', 'args', \(value)))")
            #expect(try await sql.int("select count(*) from agentcorp.blob") == blobs)
            for task in [one, many, tree] {
                #expect(
                    try await sql.value("select args ? '$blob' from agentcorp.task where id = \(task)")
                        == "\(blobs == 1)")
                #expect(
                    try await sql.value("select args = \(value) from agentcorp.claim(\(worker))") == "true")
                #expect(try await sql.value("select agentcorp.args_of(\(task)) = \(value)") == "true")
                let stored = try await sql.value(
                    "select agentcorp.step_put(\(task), 1, 'step', \(value)) = \(value)")
                #expect(stored == "true")
                #expect(try await sql.value("select agentcorp.step_get(\(task), 'step') = \(value)") == "true")
                let parent = try await sql.enqueue("'p', priority => 0, needs => array[\(task)]::bigint[]")
                #expect(try await sql.finish(task, worker, "'completed', \(value)"))
                #expect(try await sql.value("select agentcorp.output_of(\(task)) = \(value)") == "true")
                #expect(
                    try await sql.value("select output = \(value) from agentcorp.needs_of(\(parent))") == "true")
                #expect(try await sql.claim(worker) == [parent])
                try await sql.finish(parent, worker)
            }
            #expect(try await sql.int("select count(*) from agentcorp.blob") == blobs)
        }
    }

    @Test("equal content is stored once; the reference names, measures and previews it")
    func shared() async throws {
        let sql = try await Session.open()
        let first = try await sql.enqueue("'a', args => \(Self.large)")
        let second = try await sql.enqueue("'b', args => \(Self.large)")
        let other = try await sql.enqueue("'b', args => \(Self.sized(300_000, "z"))")
        #expect(try await sql.int("select count(*) from agentcorp.blob") == 2)
        #expect(
            try await sql.rows("select args::text from agentcorp.task where id in (\(first), \(second)) group by 1")
                .count
                == 1)
        #expect(
            try await sql.rows(
                """
                select args #>> '{$blob,sha256}' = encode(sha256(convert_to(\(Self.large)::text, 'UTF8')), 'hex'),
                    args #>> '{$blob,size}' = octet_length(\(Self.large)::text)::text,
                    args #>> '{$blob,preview}' = left(\(Self.large)::text, 200), pg_column_size(args) < 400
                from agentcorp.task where id = \(first)
                """) == ["true|true|true|true"])
        #expect(
            try await sql.value("select agentcorp.describe(\(other)) #>> '{args,$blob,preview}'").hasPrefix(
                "{\"x\": \"zzz"))
        #expect(try await sql.value("select args ? '$blob' from agentcorp.tasks where id = \(other)") == "true")
    }

    @Test("the limit is a setting, and whoever is over it is told both sizes")
    func limit() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.enqueue()
        #expect(try await sql.claim(worker) == [task])
        #expect(try await sql.value("select agentcorp.max_payload()") == "\(64 << 20)")
        try await sql.run("set agentcorp.max_payload = '1 MB'")
        let value = Self.sized(1_572_864)
        for (call, what) in [
            ("enqueue('a', args => \(value))", "args are 1.5 MiB; the limit is 1.0 MiB"),
            (
                "enqueue_tree(jsonb_build_object('kind', 'a', 'subtasks', jsonb_build_array(jsonb_build_object('kind', 'b', 'args', \(value)))))",
                "/subtasks/0/args are 1.5 MiB; the limit is 1.0 MiB"
            ),
            (
                "enqueue_many(jsonb_build_array(jsonb_build_object('kind', 'b', 'args', \(value))))",
                "/0/args are 1.5 MiB; the limit is 1.0 MiB"
            ),
            ("finish(\(task), 1, \(worker), 'completed', \(value))", "outputs are 1.5 MiB; the limit is 1.0 MiB"),
            ("store_output(\(task), 1, \(value))", "outputs are 1.5 MiB; the limit is 1.0 MiB"),
            ("step_put(\(task), 1, 's', \(value))", "step values are 1.5 MiB; the limit is 1.0 MiB"),
        ] {
            try await sql.refuses("select agentcorp.\(call)", "AC008", what, hint: "agentcorp.max_payload")
        }
        try await sql.run("set agentcorp.max_payload = ''")
        try await sql.enqueue("'a', args => \(value)")
    }

    @Test(
        "a user's own \"$blob\" is never taken for a reference: it is refused, or is plain data where it cannot be one")
    func reserved() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let victim = try await sql.enqueue("'secret', args => \(Self.large)")
        let forged = try await sql.value("select args from agentcorp.task where id = \(victim)")
        #expect(try await sql.claim(worker) == [victim])
        try await sql.finish(victim, worker)
        let task = try await sql.enqueue()
        #expect(try await sql.claim(worker) == [task])
        for value in [forged, "{\"$blob\": null}", "{\"\\u0024blob\": 1, \"more\": 2}"] {
            for (call, what) in [
                ("enqueue('a', args => '\(value)')", "args have the reserved key"),
                ("enqueue_many('[{\"kind\": \"a\", \"args\": \(value)}]')", "/0/args has the reserved key"),
                ("enqueue_tree('{\"kind\": \"a\", \"args\": \(value)}')", "/args has the reserved key"),
                ("finish(\(task), 1, \(worker), 'completed', '\(value)')", "outputs have the reserved key"),
                ("step_put(\(task), 1, 's', '\(value)')", "step values have the reserved key"),
                (
                    "work(0::smallint, \(worker), 1, 0, '{4}', '{0}', '{}', '{\(task)}', '{1}', '{1}', '{\(task)}', array['\(value)']::jsonb[])",
                    "outputs have the reserved key"
                ),
            ] {
                try await sql.refuses("select agentcorp.\(call)", "AC007", what)
            }
        }
        for value in [#""$blob""#, #"["$blob"]"#, #"{"in": {"$blob": 1}}"#, #"{"$set": 1}"#, #"{"$Blob": 1}"#] {
            let id = try await sql.enqueue("'plain', args => '\(value)', priority => 0")
            #expect(
                try await sql.rows("select task_id, args::text from agentcorp.claim(\(worker))") == ["\(id)|\(value)"])
            #expect(try await sql.finish(id, worker, "'completed', '\(value)'"))
            #expect(try await sql.value("select agentcorp.output_of(\(id))::text") == value)
        }
    }

    @Test("a large output is stored ahead of its end, and the batch carries the reference alone")
    func storedAhead() async throws {
        let sql = try await Session.open()
        let worker = try await sql.worker()
        let task = try await sql.enqueue()
        let other = try await sql.enqueue()
        #expect(try await sql.claim(worker, 2) == [task, other])
        #expect(try await sql.value("select agentcorp.store_output(\(task), 1, '1') is null") == "true")
        let reference = try await sql.value("select agentcorp.store_output(\(task), 1, \(Self.large))::text")
        func work(_ task: Int) -> String {
            "agentcorp.work(0::smallint, \(worker), 1, 0, '{4}', '{0}', '{}', '{\(task)}', '{1}', '{1}', '{\(task)}', array['\(reference)']::jsonb[])"
        }
        // Another task cannot end with it.
        try await sql.refuses("select \(work(other))", "AC007", "reserved key")
        try await sql.run("select \(work(task))")
        #expect(try await sql.value("select agentcorp.output_of(\(task)) = \(Self.large)") == "true")
        try await sql.refuses("select agentcorp.store_output(\(task), 1, \(Self.large))", "AC002", "has ended")
        try await sql.refuses("select agentcorp.store_output(99, 1, \(Self.large))", "AC001", "unknown task 99")
        // An output that went with the batch itself
        try await sql.run(
            "select agentcorp.work(0::smallint, \(worker), 1, 0, '{4}', '{0}', '{}', '{\(other)}', '{1}', '{1}', '{\(other)}', array[\(Self.large)])"
        )
        #expect(try await sql.value("select agentcorp.output_of(\(other)) = \(Self.large)") == "true")
        #expect(try await sql.int("select count(*) from agentcorp.blob") == 1)
    }

    @Test("a blob is deleted with its last user, and not before")
    func pruned() async throws {
        let sql = try await Session.open()
        let tasks = [
            try await sql.enqueue("'a', args => \(Self.large)"), try await sql.enqueue("'a', args => \(Self.large)"),
        ]
        try await sql.run(Self.prune(tasks[0]))
        #expect(try await sql.value("select agentcorp.args_of(\(tasks[1])) = \(Self.large)") == "true")
        let small = try await sql.enqueue()
        try await sql.run("select agentcorp.drop_blobs_of(0::smallint, array[\(small), 99]::bigint[])")
        #expect(try await sql.int("select count(*) from agentcorp.blob") == 1)
        let reference = try await sql.value("select args from agentcorp.task where id = \(tasks[1])")
        try await sql.run(Self.prune(tasks[1]))
        #expect(try await sql.int("select count(*) from agentcorp.blob") == 0)
        #expect(try await sql.int("select count(*) from agentcorp.blob_use") == 0)
        try await sql.refuses("select agentcorp.payload('\(reference)')", "XX001", "is missing", hint: "pruned")
    }

    @Test("whoever takes up content whose last user is just being pruned keeps it")
    func raceForABlob() async throws {
        let (sql, pruner) = (try await Session.open(), try await Session.open())
        // The new user comes first and has not committed: the pruner leaves the blob alone, and does not wait.
        let first = try await sql.enqueue("'a', args => \(Self.large)")
        try await sql.run("begin")
        let second = try await sql.enqueue("'a', args => \(Self.large)")
        try await pruner.run(Self.prune(first))
        try await sql.run("commit")
        #expect(try await sql.value("select agentcorp.args_of(\(second)) = \(Self.large)") == "true")
        // The pruner comes first: the new user waits, and stores it again, or finds it if the pruner gives up.
        var last = second
        for end in ["commit", "rollback"] {
            try await pruner.run("begin; \(Self.prune(last))")
            async let next = sql.enqueue("'a', args => \(Self.large)")
            try await pruner.waitUntilBlocked(sql)
            try await pruner.run(end)
            last = try await next
            #expect(try await sql.value("select agentcorp.args_of(\(last)) = \(Self.large)") == "true")
        }
    }

    @Test(
        "enqueues and prunes of the same content, at the same time and many times, leave no reference without its blob")
    func manyRaces() async throws {
        let prune = """
            do $$ declare v_task bigint; begin
                select t.id into v_task from agentcorp.task t order by random() limit 1;
                if v_task is not null then \(Self.prune(0).replacing("= 0", with: "= v_task").replacing("select ", with: "perform ").replacing("array[0]", with: "array[v_task]")); end if;
            end $$
            """
        try await withThrowingTaskGroup { group in
            for index in 0..<3 {
                group.addTask {
                    let sql = try await Session.open()
                    for round in 0..<60 {
                        if index == 0 {
                            try await sql.run(prune)
                        } else {
                            try await sql.enqueue("'a', args => \(Self.sized(262_145, round % 2 == 0 ? "a" : "b"))")
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let sql = try await Session.open()
        try await sql.run("select agentcorp.prune_blobs(0::smallint)")
        #expect(try await sql.int("select count(*) from agentcorp.blob") <= 2)
    }

    @Test("the sweep deletes what a skipped lock left behind, and nothing that is used")
    func sweep() async throws {
        let (sql, other) = (try await Session.open(), try await Session.open())
        let task = try await sql.enqueue("'a', args => \(Self.large)")
        let kept = try await sql.enqueue("'a', args => \(Self.sized(300_000, "z"))")
        try await other.run("begin")
        try await other.enqueue("'a', args => \(Self.large)")
        try await sql.run(Self.prune(task))
        try await other.run("rollback")
        #expect(try await sql.int("select count(*) from agentcorp.blob") == 2)
        try await sql.run("insert into agentcorp.blob_use select 99, 0, sha256 from agentcorp.blob")
        #expect(try await sql.int("select agentcorp.prune_blobs(0::smallint)") == 1)
        #expect(try await sql.value("select agentcorp.args_of(\(kept)) ? 'x'") == "true")
        try await sql.refuses(
            "begin isolation level repeatable read; select agentcorp.prune_blobs(0::smallint)", "AC009",
            "READ COMMITTED only, not REPEATABLE READ")
        try await sql.run("rollback")
    }

    @Test("rows copied to another task keep their blobs when the first task is pruned")
    func copied() async throws {
        let sql = try await Session.open()
        let task = try await sql.enqueue("'a', args => \(Self.large)")
        let fork = try await sql.enqueue("'a'")
        try await sql.run(
            """
            select agentcorp.share_blobs(0::smallint, \(task), \(fork));
            insert into agentcorp.step select \(fork), now(), 1, 0, 'copy', args from agentcorp.task where id = \(task)
            """)
        try await sql.run(Self.prune(task))
        #expect(try await sql.value("select agentcorp.step_get(\(fork), 'copy') = \(Self.large)") == "true")
    }

    @Test("NUL and lone surrogates are refused as ever, and other characters survive in a large payload")
    func unicode() async throws {
        let sql = try await Session.open()
        let filler = String(repeating: "é\u{1F600}", count: 50_000)
        let task = try await sql.enqueue("'a', args => '{\"x\": \"\(filler)\\u0001\"}'")
        #expect(try await sql.value("select agentcorp.args_of(\(task)) ->> 'x' = '\(filler)' || chr(1)") == "true")
        for escape in ["\\u0000", "\\ud800"] {
            let error = try await sql.error("select agentcorp.enqueue('a', args => '{\"x\": \"\(filler)\(escape)\"}')")
            #expect(error.sqlState?.hasPrefix("22") == true)
        }
    }

    @Test("payload columns are compressed by lz4 where the server has it")
    func compression() async throws {
        let sql = try await Session.open()
        let hasIt = try await sql.value(
            "select 'lz4' = any (enumvals) from pg_settings where name = 'default_toast_compression'")
        let columns = try await sql.rows(
            """
            select c.relname || '.' || a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
            where a.attcompression = 'l' and c.relnamespace = 'agentcorp'::regnamespace order by 1
            """)
        #expect(
            columns
                == (hasIt == "true"
                    ? [
                        "archive.document", "ballot.rationale", "blob.data", "memory.value", "memory_version.change",
                        "output.result", "step.value", "task.args",
                    ]
                    : []))
    }
}
