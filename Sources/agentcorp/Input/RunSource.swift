import Documents
import FoundationEssentials
import JSON
import Postgres

/// What `agentcorp run` is given: a tree of tasks, a plan, or the name of a plan.
enum RunSource {
    case tree(PostgresJSON)
    case plan(PlanText)
    case loaded(String)

    /// The text of a document, and what to call it.
    struct PlanText: Sendable {
        let text: String
        let isJSON: Bool
        let file: String
    }

    /// A file or stdin by what is in it; what is no file is a name.
    init(_ argument: String) throws {
        if argument != "-", !FileManager.default.fileExists(atPath: argument), Self.isName(argument) {
            self = .loaded(argument)
            return
        }
        let bytes = try JSONInput.read(argument, argument)
        let source = argument == "-" ? "stdin" : argument
        guard Self.looksLikeJSON(bytes) || argument.hasSuffix(".json") else {
            self = .plan(PlanText(text: try Self.text(bytes, source), isJSON: false, file: source))
            return
        }
        let json = try JSONInput.checked(bytes, source)
        if case .object? = (try? JSONValue(parsing: bytes))?["tasks"] {
            self = .plan(PlanText(text: try Self.text(bytes, source), isJSON: true, file: source))
        } else {
            self = .tree(json)
        }
    }

    /// A plan, whatever is in the file: what is wrong is said by who reads it.
    static func document(_ path: String) throws -> PlanText {
        let bytes = try JSONInput.read(path, path, limit: DocumentText.Bounds.plan.bytes)
        let source = path == "-" ? "stdin" : path
        return PlanText(
            text: try text(bytes, source), isJSON: path.hasSuffix(".json") || looksLikeJSON(bytes), file: source)
    }

    private static func text(_ bytes: [UInt8], _ source: String) throws -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandError(.badInput, "\(source) is no text in UTF-8.")
        }
        return text
    }

    private static func looksLikeJSON(_ bytes: [UInt8]) -> Bool {
        let first = bytes.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        return first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 100
            && ![".json", ".yaml", ".yml"].contains { text.hasSuffix($0) }
            && text.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || [0x2D, 0x2E, 0x5F].contains($0)
            }
    }
}
