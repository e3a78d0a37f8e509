import ArgumentParser
import Encryption
import FoundationEssentials
import Postgres
import Queue

/// `agentcorp keys`: makes keys, shows what is encrypted with which, and changes them.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Make, list and rotate the keys that payloads are encrypted with.",
        discussion: """
            EXAMPLES
              agentcorp keys generate --file keys
              agentcorp worker --encryption-keys keys
              agentcorp keys list --encryption-keys keys
              agentcorp keys rotate --encryption-keys keys

            Keys stay with the processes that encrypt and decrypt; the database never sees one.
            """,
        subcommands: [Generate.self, List.self, Rotate.self],
        defaultSubcommand: List.self)

    struct Generate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a key: put it first in a file, or print it.",
            discussion: """
                EXAMPLES
                  agentcorp keys generate --file keys
                  agentcorp keys generate --id 2027 | vault kv put secret/agentcorp keys=-

                With --file the new key stands before those in the file and encrypts from then on; the id is printed. Without, \
                the line `id:key` is printed: keep it secret.
                """)

        @Option(help: ArgumentHelp("The name of the key; by default the date.", valueName: "id"))
        var id: String?
        @Option(help: ArgumentHelp("The file to put it into; made with mode 600.", valueName: "file"))
        var file: String?
        @OptionGroup var output: OutputOptions

        func run() throws {
            let id = id ?? Date.now.formatted(Date.ISO8601FormatStyle().year().month().day())
            guard let file else { return Terminal.output.write(try EncryptionKeys.generate(id: id).fileText) }
            let others = FileManager.default.fileExists(atPath: file) ? try EncryptionKeys.read(file: file) : nil
            try EncryptionKeys.generate(id: id, before: others).write(file: file)
            Terminal.output.line(id)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List keys with the number of payloads that each encrypts.",
            discussion: """
                EXAMPLES
                  agentcorp keys list --encryption-keys keys
                  agentcorp keys list --json

                active encrypts, known decrypts, missing is not among the keys here. Every stored payload is looked at.
                """)

        @OptionGroup var encryption: EncryptionOptions
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var listing: ListingOptions

        private struct Row: Encodable {
            let key: String
            let state: String
            let args: Int
            let outputs: Int
            let steps: Int
            let schedules: Int
        }

        func run() async throws {
            let known = try encryption.keys()?.ids ?? []
            let usage = try await connection.withManager { try await $0.keyUsage() }
            let unknown = usage.map(\.key).filter { !known.contains($0) }
            let rows = (known + unknown).map { key in
                let used = usage.first { $0.key == key }
                let state = key == known.first ? "active" : known.contains(key) ? "known" : "missing"
                return Row(
                    key: key, state: state, args: used?.args ?? 0, outputs: used?.outputs ?? 0, steps: used?.steps ?? 0,
                    schedules: used?.schedules ?? 0)
            }
            try listing.print(
                rows,
                [
                    .init("KEY", isFlexible: true), .init("STATE"), .init("ARGS", isRight: true),
                    .init("OUTPUTS", isRight: true), .init("STEPS", isRight: true), .init("SCHEDULES", isRight: true),
                ], whenEmpty: "no keys, and nothing is encrypted"
            ) { row in
                [
                    .init(row.key),
                    .init(row.state, ["active": Style.green, "missing": .red][row.state] ?? .plain),
                    .init(Plural.grouped(row.args)), .init(Plural.grouped(row.outputs)),
                    .init(Plural.grouped(row.steps)), .init(Plural.grouped(row.schedules)),
                ]
            }
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Encrypt with the active key what is encrypted with others.",
            discussion: """
                EXAMPLES
                  agentcorp keys generate --file keys        then give the file to all processes, and restart them
                  agentcorp keys rotate --encryption-keys keys

                Workers may run meanwhile; they must know both keys. It can be stopped, and goes on where it was when it is \
                run again. The exit code is 6 while payloads remain under other keys.
                """)

        @Option(help: ArgumentHelp("How many payloads to change in one transaction, 1 to 1000.", valueName: "n"))
        var batch = 100
        @Flag(help: "Print JSON.") var json = false
        @OptionGroup var encryption: EncryptionOptions
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        private struct Report: Encodable {
            let key: String
            let encrypted: Int
            let remaining: [KeyUsage]
        }

        func validate() throws {
            guard (1...1000).contains(batch) else { throw ValidationError("--batch is 1 to 1000, not \(batch).") }
        }

        func run() async throws {
            guard let cipher = try encryption.cipher() else {
                throw CommandError(
                    .badInput,
                    "no keys are given. Name the file with --encryption-keys, or set AGENTCORP_ENCRYPTION_KEYS.")
            }
            let key = cipher.activeKey
            let (rotation, usage) = try await connection.withManager(cipher: cipher) { manager in
                let rotation = try await manager.rotateKeys(batch: batch) { rotation in
                    if Terminal.errors.isInteractive {
                        Terminal.errors.write("\r\(Plural.grouped(rotation.encrypted)) payloads")
                    }
                }
                if Terminal.errors.isInteractive { Terminal.errors.write("\r") }
                return (rotation, try await manager.keyUsage())
            }
            let remaining = usage.filter { $0.key != key }
            if json {
                let report = Report(key: key, encrypted: rotation.encrypted, remaining: remaining)
                Terminal.output.line(try JSONCoding.encode(report).text)
            } else {
                Terminal.output.line("encrypted with \"\(key)\" now: \(Plural.grouped(rotation.encrypted)) payloads")
                for usage in remaining {
                    Terminal.output.line("still under \"\(usage.key)\": \(Plural.grouped(usage.total)) payloads")
                }
                if rotation.unreadable > 0 {
                    Terminal.errors.note(
                        .yellow, "warning",
                        "\(Plural.grouped(rotation.unreadable)) payloads could not be decrypted with the keys given.")
                }
            }
            if !remaining.isEmpty { throw ExitStatus.conflict }
        }
    }
}
