import Agents
import ArgumentParser
import JSON
import Postgres
import Queue

extension MemoryCommand {
    /// What every command that writes prints.
    private static func print(_ write: MemoryWrite, _ key: String, json: Bool) throws {
        guard write.isWritten else {
            throw CommandError(
                .conflict,
                "\"\(key)\" has version \(write.version) now: \(DisplayText.printable(write.value?.text ?? "no value"))."
            )
        }
        Terminal.output.line(json ? try JSONCoding.encode(write).text : "\(write.version)")
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a key, and print its version.",
            discussion: """
                EXAMPLES
                  agentcorp memory set plan '{"next": "read"}' --scope run --owner 42
                  agentcorp memory set plan @plan.json --scope run --owner 42 --expect 3
                  agentcorp memory set visits 1 --merge counter

                With --expect it is written only if that is its version (0: if it has no value); else the exit code is 6.
                """)

        @Argument(help: "The key.") var key: String
        @Argument(help: "JSON, @FILE, or - for stdin.") var value: String
        @Option(help: ArgumentHelp("Only if that is its version.", valueName: "version")) var expect: Int?
        @Option(help: ArgumentHelp("Its rule: set, append, max, union or counter.", valueName: "rule"))
        var merge: MemoryMerge?
        @Flag(help: "Print JSON: version and value.") var json = false
        @OptionGroup var place: Place
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let value = try JSONValue(parsing: JSONInput.value(value, name: "the value").bytes)
            let write = try await place.withMemory {
                try await $0.write(key, value, by: merge, expecting: expect)
            }
            try MemoryCommand.print(write, key, json: json)
        }
    }

    struct Append: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add an element to the array under a key, and print its version.",
            discussion:
                "EXAMPLES\n  agentcorp memory append notes '\"the door is green\"' --scope agent --owner researcher")

        @Argument(help: "The key.") var key: String
        @Argument(help: "JSON, @FILE, or - for stdin.") var element: String
        @Flag(help: "Print JSON: version and value.") var json = false
        @OptionGroup var place: Place
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let element = try JSONValue(parsing: JSONInput.value(element, name: "the element").bytes)
            let write = try await place.withMemory { try await $0.append(key, element) }
            try MemoryCommand.print(write, key, json: json)
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete the value of a key; its history stays.",
            discussion: "EXAMPLES\n  agentcorp memory delete plan --scope run --owner 42 --expect 3")

        @Argument(help: "The key.") var key: String
        @Option(help: ArgumentHelp("Only if that is its version.", valueName: "version")) var expect: Int?
        @OptionGroup var place: Place
        @OptionGroup var output: OutputOptions

        func run() async throws {
            guard try await place.withMemory({ try await $0.delete(key, expecting: expect) }) else {
                throw CommandError(
                    .conflict, "\"\(key)\" has no value\(expect.map { ", or another version than \($0)" } ?? "").")
            }
        }
    }

    struct Declare: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say by which rule a key is written, while it has no value.",
            discussion: """
                EXAMPLES
                  agentcorp memory declare visits counter
                  agentcorp memory declare sources union --scope agent --owner researcher

                set: the last value stands. append: an array grows. union: the same without repetitions. max: the greater \
                stands. counter: numbers are added.
                """)

        @Argument(help: "The key.") var key: String
        @Argument(help: "set, append, max, union or counter.") var merge: MemoryMerge
        @OptionGroup var place: Place
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await place.withMemory { try await $0.declare(key, merge) }
        }
    }
}
