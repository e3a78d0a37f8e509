import FoundationEssentials
import TestSupport
import Testing

@Suite struct ArchiveTests {
    /// Single tasks that have ended, with an output and some text that does not compress away.
    private func ended(_ count: Int) async throws {
        try await TestDatabase.current.psql(
            """
            insert into agentcorp.task (id, root_id, created_at, queue_id, shard, kind, args)
                select i, i, agentcorp.clock(), 1, 0, 'a', jsonb_build_object('text', md5(i::text)) from generate_series(1, \(count)) i;
            insert into agentcorp.attempt (task_id, finished_at, worker_id, ran_ms, attempt, outcome, shard)
                select i, agentcorp.clock(), 1, 1, 1, 1, 0 from generate_series(1, \(count)) i;
            insert into agentcorp.count_delta (queue_id, completed, shard) values (1, \(count), 0);
            select setval('agentcorp.task_id', \(count));
            """)
    }

    private func remaining() async throws -> Set<Int> {
        Set(
            try await TestDatabase.current.psql("select id from agentcorp.task").split(separator: "\n").compactMap {
                Int($0)
            })
    }

    /// The ids in all complete files of a directory.
    private func exported(_ directory: String) async throws -> [Int] {
        let files = try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".jsonl.gz") }
        guard !files.isEmpty else { return [] }
        let result = try await TestProcess.run("zcat", files.map { "\(directory)/\($0)" })
        #expect(result.status == 0)
        return try result.output.split(separator: "\n").map {
            let line = try JSONDecoder().decode(Line.self, from: Data($0.utf8))
            return line.id
        }
    }

    private struct Line: Decodable {
        let id: Int
        let state: String
    }

    @Test("ended trees go into one file, a line for each task, and stay unless told otherwise", .migratedDatabase)
    func file() async throws {
        try await TestDatabase.current.psql(
            """
            select agentcorp.enqueue_tree('{"kind": "r", "name": "top", "subtasks": [{"kind": "a"}, {"kind": "b"}]}');
            select agentcorp.enqueue('open');
            select agentcorp.cancel(1);
            select agentcorp.resolve_ends(0::smallint);
            """)
        try await Scratch.use { scratch in
            let file = scratch.path + "/done.jsonl.gz"
            let result = try await Agentcorp.run("archive", "--to", file)
            #expect(result.status == 0)
            #expect(result.output == file + "\n")
            #expect(result.errors == "exported 3 tasks in 1 tree\n")
            #expect(try await exported(scratch.path).sorted() == [1, 2, 3])
            #expect(try await remaining() == [1, 2, 3, 4])
            let again = try await Agentcorp.run("archive", "--to", file)
            #expect(again.status == 6)
            #expect(again.errors.contains("exists already"))
            let other = scratch.path + "/other.gz"
            let none = try await Agentcorp.run("archive", "--to", other, "--older-than", "1d")
            #expect(none.status == 0)
            #expect(none.errors == "nothing to export\n")
            #expect(!scratch.has("other.gz"))
            #expect(
                try await Agentcorp.run("archive", "--to", other, "--outcome", "failed").errors == "nothing to export\n"
            )
            let unasked = try await Agentcorp.run("archive", "--to", other, "--delete")
            #expect(unasked.status == 2)
            #expect(unasked.errors.contains("--yes"))
            let deleting = try await Agentcorp.run("archive", "--to", other, "--delete", "--yes")
            #expect(deleting.errors == "exported 3 tasks in 1 tree, deleted 3 tasks\n")
            #expect(try await remaining() == [4])
        }
    }

    @Test(
        "an export that is killed at any moment loses nothing, and goes on", .migratedDatabase, .timeLimit(.minutes(30))
    )
    func killed() async throws {
        try await ended(6000)
        let all = Set(1...6000)
        try await Scratch.use { scratch in
            let target = scratch.path + "/out"
            var random = SeededGenerator(seed: 7)
            for _ in 1...6 {
                let process = try Agentcorp.start(
                    ["archive", "--to", target + "/", "--delete", "--yes", "--tasks-per-file", "500"])
                let before = try await remaining().count
                let goal = Int.random(in: 0...1200, using: &random)
                try await waitUntil("some progress") {
                    let left = try await remaining().count
                    return !process.isRunning || left <= before - goal
                }
                process.kill()
                _ = try await process.waitForExit()
                let present = try await remaining()
                let files = Set(try await exported(target))
                #expect(present.union(files) == all, "something is neither here nor there")
            }
            let result = try await Agentcorp.run(
                "archive", "--to", target + "/", "--delete", "--yes", "--tasks-per-file", "500")
            #expect(result.status == 0)
            #expect(try await remaining().isEmpty)
            #expect(Set(try await exported(target)) == all)
            #expect(try await TestDatabase.current.violations().isEmpty)
        }
    }

    @Test("an interrupted export without deletion goes on after its last file", .migratedDatabase)
    func resumed() async throws {
        try await ended(2500)
        try await Scratch.use { scratch in
            let target = scratch.path + "/out"
            let missing = try await Agentcorp.run("archive", "--to", target, "--resume")
            #expect(missing.status == 5)
            #expect(try await Agentcorp.run("archive", "--to", target + "/", "--tasks-per-file", "1000").status == 0)
            // As if it had been killed after the first file.
            let files = try FileManager.default.contentsOfDirectory(atPath: target).sorted { $0.count < $1.count }
            #expect(files.count == 3)
            for file in files.dropFirst() { try FileManager.default.removeItem(atPath: "\(target)/\(file)") }
            #expect(try await exported(target).count == 1000)
            let resumed = try await Agentcorp.run("archive", "--to", target, "--resume", "--tasks-per-file", "1000")
            #expect(resumed.errors == "exported 1,500 tasks in 1,500 trees\n")
            #expect(try await exported(target).sorted() == Array(1...2500))
            #expect(try await Agentcorp.run("archive", "--to", target, "--resume").errors == "nothing to export\n")
        }
    }

    @Test("a disk that is full, or a place that is none, deletes nothing", .migratedDatabase)
    func unwritable() async throws {
        try await ended(10)
        for path in ["/dev/full", "/nonexistent/x.gz", "/proc/x.gz", "/dev/null/x"] {
            let result = try await Agentcorp.run("archive", "--to", path, "--delete", "--yes")
            #expect(result.status != 0, "\(path)")
            #expect(result.errors.hasPrefix("error: "))
        }
        #expect(try await remaining().count == 10)
    }

    @Test("a pruner that is killed leaves whole trees", .migratedDatabase, .timeLimit(.minutes(30)))
    func killedPruner() async throws {
        try await ended(20_000)
        try await TestDatabase.current.psql("select agentcorp.set_retention('0', outcome => 'completed')")
        for _ in 1...3 {
            let before = try await remaining().count
            let process = try Agentcorp.start(["retention", "run"])
            try await waitUntil("some progress") {
                let left = try await remaining().count
                return !process.isRunning || left < before
            }
            process.kill()
            _ = try await process.waitForExit()
            #expect(try await TestDatabase.current.violations().isEmpty)
        }
        let result = try await Agentcorp.run("retention", "run")
        #expect(result.output.hasPrefix("pruned "))
        #expect(try await remaining().isEmpty)
        #expect(try await Agentcorp.run("retention", "run").output == "pruned 0 tasks in 0 trees\n")
    }
}
