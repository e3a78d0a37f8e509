import ArgumentParser
import FoundationEssentials
import JSON
import MCP
import Tools

/// `agentcorp mcp`: looks at MCP servers, and calls their tools.
struct MCPCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mcp",
        abstract: "List MCP servers and their tools, and call them.",
        discussion: """
            EXAMPLES
              agentcorp mcp list
              agentcorp mcp tools time
              agentcorp mcp call time.get_current_time --args '{"timezone": "Europe/Amsterdam"}'

            Servers are configured in mcp.json beside the configuration file, or in the file that --file names.
            """,
        subcommands: [List.self, Tools.self, Call.self],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the servers that are configured, without starting them.",
            discussion: """
                EXAMPLES
                  agentcorp mcp list
                  agentcorp mcp list --json | jq -r '.[].server'
                """)

        @OptionGroup var file: MCPFileOptions
        @OptionGroup var listing: ListingOptions

        private struct Row: Encodable {
            let server: String
            let transport: String
            let address: String
            let pinned: Int
        }

        func run() async throws {
            let rows = try file.servers().map { server in
                switch server.transport {
                case .command(let command):
                    Row(
                        server: server.name, transport: "stdio", address: command.argv.joined(separator: " "),
                        pinned: server.pins.count)
                case .endpoint(let endpoint):
                    Row(server: server.name, transport: "http", address: endpoint.url, pinned: server.pins.count)
                }
            }
            try listing.print(
                rows,
                [
                    .init("SERVER"), .init("TRANSPORT"), .init("PINNED", isRight: true),
                    .init("ADDRESS", isFlexible: true),
                ], whenEmpty: "no servers"
            ) { row in
                [.init(row.server), .init(row.transport), .init("\(row.pinned)"), .init(row.address)]
            }
        }
    }

    struct Tools: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List tools with their effects and the hashes to pin them by.",
            discussion: """
                EXAMPLES
                  agentcorp mcp tools
                  agentcorp mcp tools time --json | jq -r '.[] | "\\(.tool) \\(.digest)"'

                A tool is approved when `pins` in the configuration has its hash, changed when it has another one: then it \
                is disabled. The exit code is 3 when a server could not be asked.
                """)

        @Argument(help: "The servers; by default all.") var servers: [String] = []
        @OptionGroup var file: MCPFileOptions
        @OptionGroup var listing: ListingOptions

        private struct Row: Encodable {
            let tool: String
            let effect: String
            let pin: String
            let digest: String
            let description: String
        }

        func run() async throws {
            var isComplete = true
            let rows = try await file.withPool(of: servers) { pool in
                var rows: [Row] = []
                for server in pool.servers {
                    do {
                        rows += try await pool.offers(of: server).map(Self.row)
                        for tool in try await pool[server]?.tools().rejected ?? [] {
                            Terminal.warn(
                                "\(server).\(DisplayText.printable(tool.name)) is not offered: \(tool.reason).")
                        }
                    } catch let error as MCPError {
                        Terminal.errors.note(.red, "error", error.message)
                        isComplete = false
                    }
                }
                return rows
            }
            if isComplete || !rows.isEmpty {
                try listing.print(
                    rows,
                    [
                        .init("TOOL"), .init("EFFECT"), .init("PIN"), .init("HASH"),
                        .init("DESCRIPTION", isFlexible: true),
                    ], whenEmpty: "no tools"
                ) { row in
                    [
                        .init(row.tool), .init(row.effect, row.effect == "once" ? .yellow : .plain),
                        .init(row.pin, ["approved": Style.green, "changed": .red][row.pin] ?? .plain),
                        .init(row.digest, .dim), .init(row.description, .dim),
                    ]
                }
            }
            if !isComplete { throw ExitStatus.cannotConnect }
        }

        private static func row(_ offer: MCPToolOffer) -> Row {
            let pin = offer.pin.approved == nil ? "none" : offer.pin.problem == nil ? "approved" : "changed"
            let description = DisplayText.printable(
                String(offer.definition.description.prefix { !$0.isNewline }))
            return Row(
                tool: offer.tool.name, effect: offer.tool.effect.rawValue, pin: pin, digest: offer.pin.digest,
                description: description)
        }
    }
}
