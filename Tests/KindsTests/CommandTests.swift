import FoundationEssentials
import Queue
import Testing
import Worker

@testable import Kinds

@Suite("command")
struct CommandTests {
    @Test("what a program prints is the output: JSON as JSON, all else as text without the last line's end")
    func output() async throws {
        #expect(try await runCommand(#"{"argv": ["printf", "{\"a\": 1}\n"]}"#) == "{\"a\": 1}\n")
        #expect(try await runCommand(#"{"argv": ["printf", "two words\n\n"]}"#) == #""two words\n""#)
        #expect(try await runCommand(#"{"argv": ["printf", "42"], "output": "text"}"#) == #""42""#)
        #expect(try await runCommand(#"{"argv": ["true"]}"#) == #""""#)
    }

    @Test("a program is told the name by which it was called")
    func name() async throws {
        let script = #"cat /proc/$$/cmdline | tr '\000' ' '"#
        #expect(try await runScript(script).hasPrefix("\"sh -c cat"))
    }

    @Test("no shell reads the arguments")
    func noShell() async throws {
        #expect(try await runCommand(#"{"argv": ["printf", "%s", "$HOME; `id` && *"]}"#) == #""$HOME; `id` && *""#)
    }

    @Test("output that jsonb cannot hold as JSON becomes text, or a failure where JSON was asked for")
    func unstorable() async throws {
        #expect(try await runCommand(#"{"argv": ["printf", "\"\\\\u0000\""]}"#) == #""\"\\u0000\"""#)
        #expect(try await runCommand(#"{"argv": ["printf", "a\\000b\\377"]}"#) == "\"a\u{FFFD}b\u{FFFD}\"")
        let error = await failure { try await runCommand(#"{"argv": ["echo", "no json"], "output": "json"}"#) }
        #expect((error as? PermanentFailure)?.failure.reason == "output")
        #expect((error as? PermanentFailure)?.failure.message.contains("no json") == true)
    }

    @Test("standard input is the task's document")
    func input() async throws {
        #expect(try await runCommand(#"{"argv": ["cat"]}"#, input: #"{"args": {"n": 1}}"#) == #"{"args": {"n": 1}}"#)
    }

    @Test("a program that reads nothing of a large input is not disturbed by it")
    func inputIgnored() async throws {
        let large = "\"" + String(repeating: "x", count: 4_000_000) + "\""
        #expect(try await runCommand(#"{"argv": ["echo", "done"]}"#, input: large) == #""done""#)
        #expect(try await runScript("exec <&-; sleep 0.1; echo closed", input: large) == #""closed""#)
        #expect(try await runScript("wc -c", input: large) == "4000002\n")
    }

    @Test("a failure tells the exit code and the last 4 KiB of standard error, and is retried")
    func exitCode() async throws {
        let error = await failure {
            try await runScript("yes 0123456789 | head -c 99990 >&2; echo 'disk is on fire' >&2; exit 7")
        }
        let failure = try #require(error as? TaskFailure)
        #expect(failure.message == "\"sh\" exited with code 7: disk is on fire")
        #expect(failure.reason == "exit")
        #expect(failure.detail?["exit_code"] == 7)
        #expect(failure.detail?["signal"] == .some(nil))
        let tail = try #require(failure.detail?["stderr"]?.string)
        #expect(tail.utf8.count == 4096)
        #expect(tail.hasSuffix("disk is on fire\n"))
    }

    @Test("a program that is ended by a signal fails with its number")
    func signal() async throws {
        let failure = try #require(await failure { try await runScript("kill -SEGV $$") } as? TaskFailure)
        #expect(failure.detail?["signal"] == 11)
        #expect(failure.message.contains("signal 11"))
    }

    @Test("other exit codes may count as success")
    func successCodes() async throws {
        #expect(try await runScript("echo found; exit 1", more: #", "success_codes": [0, 1]"#) == #""found""#)
        #expect(await failure { try await runScript("exit 2", more: #", "success_codes": [0, 1]"#) } is TaskFailure)
    }

    @Test(
        "a program that is missing, or cannot run, fails for good and is named",
        arguments: [
            (#"{"argv": ["no-such-program"]}"#, "no-such-program"),
            (#"{"argv": ["/no/such/program"]}"#, "/no/such/program"),
            (#"{"argv": ["/etc/passwd"]}"#, "/etc/passwd"),
            (#"{"argv": ["/usr"]}"#, "/usr"),
            (#"{"argv": ["pwd"], "cwd": "/no/such/folder"}"#, "/no/such/folder"),
        ])
    func missing(arguments: String, name: String) async throws {
        let error = try #require(await failure { try await runCommand(arguments) } as? PermanentFailure)
        #expect(error.failure.message.contains(name))
        #expect(error.failure.reason == "start")
    }

    @Test("the working directory is the one that is asked for")
    func directory() async throws {
        #expect(try await runCommand(#"{"argv": ["pwd"], "cwd": "/usr/share"}"#) == #""/usr/share""#)
    }

    @Test("more output than allowed fails for good, and what prints without end is stopped")
    func tooMuch() async throws {
        #expect(
            try await runScript("head -c 1000 /dev/zero | tr '\\0' x", more: #", "max_output": 1000"#).count == 1002)
        for script in ["head -c 1001 /dev/zero", "yes", "trap '' PIPE TERM; yes; sleep 1000"] {
            let error = await failure {
                try await runScript(script, more: #", "max_output": 1000"#, grace: .milliseconds(50))
            }
            #expect((error as? PermanentFailure)?.failure.reason == "output_limit")
        }
    }

    @Test(
        "what counts is what the program wrote, not how long its escapes make the JSON; more is taken when it is asked for"
    )
    func longText() async throws {
        #expect(try await runScript(#"head -c 200000 /dev/zero | tr '\0' '"'"#).count == 400_002)
        let more = try await runScript("head -c 2000000 /dev/zero | tr '\\0' x", more: #", "max_output": 3000000"#)
        #expect(more.count == 2_000_002)
    }

    @Test("a hundred megabytes on standard error are read and forgotten")
    func chatty() async throws {
        #expect(try await runScript("head -c 100000000 /dev/zero >&2; echo ok") == #""ok""#)
    }

    @Test("only harmless variables of the worker go through, with the task's own and its identity")
    func environment() async throws {
        let worker = [
            "PATH": "/usr/bin:/bin", "HOME": "/home/me", "LC_ALL": "C.UTF-8", "AGENTCORP_DATABASE": "canary",
            "PGPASSWORD": "canary", "OPENAI_API_KEY": "canary", "LD_PRELOAD": "", "TZ": "UTC",
        ]
        let printed = try await runCommand(#"{"argv": ["env"], "env": {"MINE": "yes", "TZ": "CET"}}"#, worker: worker)
        let text = try JSONCoding.decode(Array(printed.utf8), as: String.self)
        #expect(
            Set(text.split(separator: "\n")) == [
                "PATH=/usr/bin:/bin", "HOME=/home/me", "LC_ALL=C.UTF-8", "TZ=CET", "MINE=yes",
                "AGENTCORP_TASK_ID=12", "AGENTCORP_ATTEMPT=3", "AGENTCORP_ATTEMPT_KEY=12:3",
                "AGENTCORP_IDEMPOTENCY_KEY=agentcorp-12",
            ])
    }

    @Test("a command of a schedule learns which it is, and for which moment it runs")
    func fireVariables() throws {
        let fire = ScheduledFire(schedule: "backup", fireAt: Date(timeIntervalSince1970: 1_893_456_000))
        let variables = CommandEnvironment(of: [:]).variables(
            for: AttemptKey(task: 1, attempt: 1), of: fire, adding: ["AGENTCORP_FIRE_AT": "never"])
        #expect(variables["AGENTCORP_SCHEDULE"] == "backup")
        #expect(variables["AGENTCORP_FIRE_AT"] == "2030-01-01T00:00:00Z")
    }

    @Test("the operator may let more variables through")
    func passedVariables() throws {
        let environment = CommandEnvironment(of: ["TOKEN": "t", "OTHER": "o"], more: ["TOKEN"])
        let variables = environment.variables(for: AttemptKey(task: 1, attempt: 1), adding: [:])
        #expect(variables["TOKEN"] == "t" && variables["OTHER"] == nil)
    }

    @Test("a program gets no open file of the worker but its own three")
    func files() async throws {
        #expect(try await runScript("ls /proc/self/fd | wc -l") == "4\n")
    }

    @Test("a folder for temporary files that is missing is named, and the task is retried")
    func temporaryFolder() async throws {
        let error = await failure { try await runCommand(#"{"argv": ["true"], "env": {"TMPDIR": "/no/such"}}"#) }
        #expect((error as? TaskFailure)?.message.contains("/no/such") == true)
    }

    @Test("many commands run side by side")
    func many() async throws {
        let outputs = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<100 { group.addTask { try await runScript("echo \(number)") } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(outputs) == Set((0..<100).map { "\($0)\n" }))
    }
}
