import AgentTestSupport
import JSON
import Queue
import Synchronization
import TestSupport
import Testing
import Worker

@Suite struct FailureTests {
    @Test("a failure cancels those who need the task, and fails the plan with its reason", .checkedDatabase)
    func fails() async throws {
        try await PlanWorld.run { world in
            let run = try await world.start([
                "bad": ["kind": "fail", "args": ["message": "no luck"]],
                "next": ["kind": "echo", "needs": ["bad"], "args": [:]],
                "other": ["kind": "echo", "args": [:]],
            ])
            let failure = try await world.agents.failure(of: run)
            #expect(failure.message == "task bad failed: no luck")
            #expect(try await world.states(of: run) == ["bad failed", "next cancelled", "other completed"])
        }
    }

    @Test(
        "on_error: skipped, or a value in its place", .checkedDatabase,
        arguments: [
            ("skip", JSONValue.null), (["default": 7], 7),
        ] as [(JSONValue, JSONValue)])
    func forgiven(_ rule: JSONValue, _ value: JSONValue) async throws {
        try await PlanWorld.run { world in
            let result = try await world.result(
                [
                    "bad": ["kind": "fail", "args": [:], "on_error": rule],
                    "next": ["kind": "echo", "needs": ["bad"], "args": ["got": "{{ bad }}"]],
                ], output: "next.got")
            #expect(result == value)
        }
    }

    @Test("on_error run: another task runs only then, and takes its place", .checkedDatabase, arguments: [true, false])
    func handled(_ isBad: Bool) async throws {
        try await PlanWorld.run { world in
            let run = try await world.start(
                [
                    "first": [
                        "kind": isBad ? "fail" : "echo", "args": ["message": "no luck"], "on_error": ["run": "rescue"],
                    ],
                    "rescue": ["kind": "echo", "args": ["message": "saw {{ error.message }}"]],
                    "next": ["kind": "echo", "needs": ["first"], "args": ["got": "{{ first.message }}"]],
                ], output: "next.got")
            #expect(try await world.agents.end(of: run) == .string(isBad ? "saw no luck" : "no luck"))
            #expect(
                try await world.states(of: run)
                    == [
                        "first \(isBad ? "failed" : "completed")", "next completed",
                        "rescue \(isBad ? "completed" : "skipped")",
                    ])
        }
    }

    @Test("a task that cleans up runs, and the failure stands", .checkedDatabase)
    func cleanedUp() async throws {
        try await PlanWorld.run { world in
            let run = try await world.start([
                "charge": ["kind": "fail", "args": [:], "on_error": ["run": "refund", "then": "fail"]],
                "refund": ["kind": "echo", "args": ["for": "{{ error.task }}"]],
                "ship": ["kind": "echo", "needs": ["charge"], "args": [:]],
            ])
            let failure = try await world.agents.failure(of: run)
            #expect(failure.message.hasPrefix("task charge failed"))
            #expect(
                try await world.states(of: run) == ["charge failed", "refund completed", "ship cancelled"])
        }
    }

    @Test(
        "a task that cleans up does so after each failure, also after a retry; not when that succeeds", .checkedDatabase
    )
    func cleanedUpAgain() async throws {
        let refunds = Mutex(0)
        let failures = Mutex(2)
        try await PlanWorld.run(kinds: { handlers in
            handlers.register("charge") { _ in
                let fails = failures.withLock { left in
                    left -= 1
                    return left >= 0
                }
                if fails { throw PermanentFailure("no luck") }
                return .completed(nil)
            }
            handlers.register("refund") { _ in
                refunds.withLock { $0 += 1 }
                return .completed(nil)
            }
        }) { world in
            let tasks: JSONValue = [
                "charge": ["kind": "charge", "args": [:], "on_error": ["run": "refund", "then": "fail"]],
                "refund": ["kind": "refund", "args": ["why": "{{ error.message }}"]],
                "ship": ["kind": "echo", "needs": ["charge"], "args": [:]],
            ]
            let run = try await world.start(["inner": ["plan": ["tasks": tasks]]])
            _ = try await world.agents.failure(of: run)
            #expect(refunds.withLock { $0 } == 1)
            try await world.manager.retryRun(run)
            #expect(try await world.agents.failure(of: run).message.contains("no luck"))
            #expect(refunds.withLock { $0 } == 2)
            #expect(
                try await world.states(of: run) == [
                    "charge failed", "inner failed", "refund completed", "refund 2 completed", "ship cancelled",
                ])
            try await world.manager.retryRun(run)
            _ = try await world.agents.end(of: run)
            #expect(refunds.withLock { $0 } == 2)
            // One is added for the case that it fails again, unless it has succeeded before that.
            #expect(
                try await world.states(of: run).filter { $0 != "refund 3 skipped" } == [
                    "charge completed", "inner completed", "refund completed", "refund 2 completed", "ship completed",
                ])
        }
    }

    @Test("any: the first is enough, the failure of another is absorbed", .checkedDatabase)
    func any() async throws {
        try await PlanWorld.run { world in
            let run = try await world.start(
                [
                    "bad": ["kind": "fail", "args": [:]], "good": ["kind": "echo", "args": ["n": 1]],
                    "next": [
                        "kind": "echo", "needs": ["bad", "good"], "join": "any", "args": ["got": "{{ good.n }}"],
                    ],
                ], output: "next.got")
            #expect(try await world.agents.end(of: run) == 1)
        }
    }

    @Test("a quorum over a fan-out counts its items", .checkedDatabase, arguments: [(2, true), (3, false)])
    func quorum(_ count: Int, _ isReached: Bool) async throws {
        try await PlanWorld.run { world in
            let run = try await world.start(
                [
                    "dig": [
                        "plan": ["tasks": ["t": ["kind": "fail", "when": "item", "args": [:]]]],
                        "each": "input.items", "on_error": "skip",
                    ],
                    "merge": [
                        "kind": "echo", "needs": ["dig"], "join": ["quorum": .integer(Int64(count))],
                        "args": ["n": "{{ len(dig) }}"],
                    ],
                ], output: "merge.n", input: ["items": [true, false, false]])
            if isReached {
                #expect(try await world.agents.end(of: run) == 3)
            } else {
                #expect(try await world.agents.failure(of: run).message.hasPrefix("task dig was cancelled"))
            }
        }
    }

    @Test("settled: it runs however the others end", .checkedDatabase)
    func settled() async throws {
        try await PlanWorld.run { world in
            let result = try await world.result(
                [
                    "bad": ["kind": "fail", "args": [:]],
                    "next": ["kind": "echo", "needs": ["bad"], "join": "settled", "args": ["got": "{{ bad }}"]],
                ], output: "next")
            #expect(result == ["got": .null])
        }
    }

    @Test("items that fail are null where that is allowed", .checkedDatabase)
    func items() async throws {
        try await PlanWorld.run { world in
            let result = try await world.result(
                [
                    "dig": [
                        "plan": ["tasks": ["t": ["kind": "fail", "when": "item", "args": [:]]], "output": "1"],
                        "each": "input.items", "on_error": "skip",
                    ]
                ], output: "dig", input: ["items": [true, false]])
            #expect(result == [.null, 1])
        }
    }

    @Test(
        "a value that exceeds the bounds of expressions fails the task that speaks of it, and counts for nothing else",
        .checkedDatabase,
        arguments: [
            ["kind": "echo", "args": [:], "when": "input.big"],
            ["kind": "echo", "args": [:], "each": "input.items", "max_items": 2],
            ["kind": "echo", "args": [:], "repeat": ["until": "input.big", "max": 2]],
            ["kind": "echo", "args": ["x": "{{ input.big }}"]],
            ["agent": "a", "prompt": "see {{ input.big }}"],
            ["plan": ["tasks": ["i": ["kind": "echo", "args": [:]]]], "with": "{{ input.big }}"],
            ["emit": ["topic": "t", "data": ["x": "{{ input.big }}"]]],
            ["plan": ["tasks": ["i": ["kind": "echo", "args": [:]]], "output": "input.big"]],
        ] as [JSONValue])
    func tooLarge(_ task: JSONValue) async throws {
        let big = JSONValue.string(String(repeating: "x", count: 5 << 20))
        try await PlanWorld.run { world in
            let failure = try await world.failure(["t": task], input: ["big": big, "items": [big]])
            #expect(failure.message.hasPrefix("task t failed: "))
            #expect(failure.message.contains(": the value is over 4 MiB"))
            #expect(failure.detail?["reason"] == "expression")
        }
    }
}
