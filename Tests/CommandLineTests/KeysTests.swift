import Glibc
import TestSupport
import Testing

@Suite
struct KeysTests {
    @Test("keys are made, used by every command that needs them, rotated, and never shown", .migratedDatabase)
    func wholeLife() async throws {
        try await Scratch.use { scratch in
            let file = scratch.path + "/keys"
            #expect(try await Agentcorp.run("keys", "generate", "--id", "one", "--file", file).output == "one\n")
            let worker = try Agentcorp.start(
                ["worker", "--encryption-keys", file, "--log-level", "debug", "--shutdown-grace", "1s"])
            let args = #"{"argv": ["echo", "canary"]}"#
            let enqueued = try await Agentcorp.run(
                "enqueue", "command", "--args", args, "--wait", "--encryption-keys", file)
            #expect(enqueued.output == "\"canary\"\n", "\(enqueued.errors)")
            let keys = try await TestProcess.run("cat", [file]).output
            let run = try await Agentcorp.run(
                "run", "-", input: #"{"kind": "command", "args": \#(args)}"#,
                environment: ["AGENTCORP_ENCRYPTION_KEYS": keys])
            #expect(run.output == "\"canary\"\n", "\(run.errors)")
            // By the configuration file
            _ = try scratch.write("config/agentcorp/config", "encryption_keys = \(file)\n")
            let output = try await Agentcorp.run(
                "tasks", "output", "1", environment: ["XDG_CONFIG_HOME": scratch.path + "/config"])
            #expect(output.output == "\"canary\"\n", "\(output.errors)")
            let shown = try await Agentcorp.run("tasks", "show", "1", "--encryption-keys", file)
            #expect(shown.output.contains("canary"))
            // Without keys
            let hidden = try await Agentcorp.run("tasks", "show", "1")
            #expect(hidden.status == 0 && hidden.output.contains("$enc") && !hidden.output.contains("canary"))
            let refused = try await Agentcorp.run("tasks", "output", "1")
            #expect(refused.status != 0 && refused.errors.contains("encrypted with the key \"one\""))
            #expect(refused.errors.contains("--encryption-keys"))

            #expect(try await Agentcorp.run("keys", "generate", "--id", "two", "--file", file).output == "two\n")
            let before = try await Agentcorp.run("keys", "list", "--encryption-keys", file).output
            #expect(before.contains("two  active     0        0      0          0"), "\(before)")
            #expect(before.contains("one  known      2        2      0          0"), "\(before)")
            let rotated = try await Agentcorp.run("keys", "rotate", "--encryption-keys", file)
            #expect(rotated.status == 0 && rotated.output == "encrypted with \"two\" now: 4 payloads\n")
            let again = try await Agentcorp.run("tasks", "output", "1", "--encryption-keys", file)
            #expect(again.output == "\"canary\"\n")
            let missing = try await Agentcorp.run("keys", "list", "--json").output
            #expect(missing.contains(#"{"args":2,"key":"two","outputs":2,"schedules":0,"state":"missing","steps":0}"#))
            let other = try await Agentcorp.run(
                "keys", "rotate", "--json",
                environment: ["AGENTCORP_ENCRYPTION_KEYS": try await Agentcorp.run("keys", "generate").output])
            #expect(other.status == 6 && other.output.contains(#""encrypted":0"#))
            worker.signal(SIGTERM)
            let logs = try await worker.waitForExit(timeout: .seconds(15)).errors

            let dump = try await TestDatabase.current.psql(
                """
                select query_to_xml(format('select * from agentcorp.%I', c.relname), true, true, '')
                from pg_class c where c.relnamespace = 'agentcorp'::regnamespace and c.relkind = 'r'
                """)
            let everything =
                [
                    dump, logs, enqueued.errors, run.errors, hidden.output, refused.errors, before, rotated.output,
                    missing,
                ]
                .joined()
            let all = try await TestProcess.run("cat", [file]).output
            for line in all.split(separator: "\n") {
                #expect(!everything.contains(line.split(separator: ":")[1]))
            }
            #expect(!dump.contains("canary"))
        }
    }

    @Test("a key file that others may read, or that is no key file, is refused by name")
    func refused() async throws {
        try await Scratch.use { scratch in
            let file = try scratch.write("keys", "nonsense-canary\n")
            let open = try await Agentcorp.runAlone(
                "enqueue", "a", "--encryption-keys", file, environment: ["AGENTCORP_DATABASE": "host=/nonexistent"])
            #expect(open.status == 2 && open.errors.contains("chmod 600"))
            chmod(file, 0o600)
            let bad = try await Agentcorp.runAlone(
                "worker", "--encryption-keys", file, environment: ["AGENTCORP_DATABASE": "host=/nonexistent"])
            #expect(bad.status == 2 && bad.errors.contains("is not `id:key`") && !bad.errors.contains("canary"))
            let none = try await Agentcorp.runAlone("keys", "rotate")
            #expect(none.status == 2 && none.errors.contains("AGENTCORP_ENCRYPTION_KEYS"))
        }
    }
}
