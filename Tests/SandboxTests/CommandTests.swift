import Glibc
import Testing

@testable import Sandbox

@Suite("A command")
struct CommandTests {
    @Test("its exit code, its output and its errors are told as they are")
    func ending() async throws {
        let scratch = try JailScratch()
        let ending = try await scratch.run("echo out; echo err >&2; exit 7")
        #expect(ending.status == .exited(7))
        #expect(ending.output.text == "out\n")
        #expect(ending.errors.text == "err\n")
        #expect(ending.isolation == .landlock)
    }

    @Test("a signal is told as a signal")
    func signal() async throws {
        let scratch = try JailScratch()
        #expect(try await scratch.run("kill -SEGV $$").status == .signaled(SIGSEGV))
    }

    @Test("it works in its folder, reads nothing, and has a home of its own that goes with it", arguments: levels)
    func place(level: Isolation) async throws {
        let scratch = try JailScratch()
        let ending = try await scratch.run(
            "pwd; cat; echo x > made; echo y > $HOME/y && cat $TMPDIR/y; echo $HOME", level: level)
        let lines = ending.output.text.split(separator: "\n").map(String.init)
        #expect(lines.dropLast() == [scratch.root, "y"], "\(ending)")
        #expect(scratch.text("jail/made") == "x\n")
        #expect(access(lines.last ?? "/", F_OK) != 0)
        var below = SandboxedCommand(["/bin/pwd"])
        below.directory = "sub"
        #expect(try await below.run(in: scratch.jail).output.text == "\(scratch.root)/sub\n")
        below.directory = "../outside"
        await #expect(throws: SandboxError.self) { try await below.run(in: scratch.jail) }
    }

    @Test("a program that is not there, or not allowed, is not run")
    func programs() async throws {
        let scratch = try JailScratch()
        scratch.write("jail/ls", "#!/bin/sh\necho no ls")
        chmod("\(scratch.root)/ls", 0o755)
        var command = SandboxedCommand(["no-such-program"])
        let missing = await #expect(throws: SandboxError.self) { try await command.run(in: scratch.jail) }
        #expect(missing?.code == .notFound)
        command.allowed = ["ls", "./ls", "/usr/bin/env"]
        for allowed in [["ls"], ["/usr/bin/ls"], ["/bin/ls"], ["/bin/../bin/ls"], ["./ls"], ["env"]] {
            command.arguments = allowed
            #expect(try await command.run(in: scratch.jail).isSuccess, "\(allowed)")
        }
        command.allowed = ["ls"]
        for refused in ["sh", "/bin/sh", "./ls", "sub/../ls", "\(scratch.root)/ls", ""] {
            command.arguments = [refused]
            await #expect(throws: SandboxError.self, "\(refused)") { try await command.run(in: scratch.jail) }
        }
        // The PATH of the policy is the one that counts.
        command.allowed = nil
        command.arguments = ["ls"]
        command.environment = ["PATH": scratch.root]
        #expect(try await command.run(in: scratch.jail).output.text == "no ls\n")
        command.environment = [:]
        command.allowed = []
        let refused = await #expect(throws: SandboxError.self) { try await command.run(in: scratch.jail) }
        #expect(refused?.code == .notAllowed)
    }

    @Test("a level that this machine lacks is refused when it is required, and else the next one is used")
    func downgrade() throws {
        var command = SandboxedCommand(["true"])
        command.isolation = IsolationPolicy(.namespaces, required: true)
        let error = #expect(throws: SandboxError.self) { try command.milder(than: .namespaces, because: "of a test") }
        #expect(error?.code == .isolation)
        #expect(error?.description.contains("of a test") == true)
        command.isolation.required = false
        #expect(try command.milder(than: .namespaces, because: "") == .landlock)
        #expect(try command.milder(than: .landlock, because: "") == .none)
    }
}

let levels = [Isolation.landlock, .namespaces]

extension JailScratch {
    /// Runs a line of shell in the jail.
    func run(
        _ line: String, level: Isolation = .landlock, _ change: (inout SandboxedCommand) -> Void = { _ in }
    ) async throws -> CommandEnding {
        var command = SandboxedCommand(["/bin/sh", "-c", line])
        command.isolation = IsolationPolicy(level, required: true)
        command.timeout = .seconds(30)
        change(&command)
        return try await command.run(in: jail)
    }

    /// Runs a Perl program in the jail.
    func perl(_ program: String, level: Isolation = .landlock) async throws -> CommandEnding {
        var command = SandboxedCommand(["perl", "-e", program])
        command.isolation = IsolationPolicy(level, required: true)
        return try await command.run(in: jail)
    }
}
