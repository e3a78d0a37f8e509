import JSON
import Orchestration
import Postgres

/// Sets, plans and scorers as they are written on the command line.
enum EvaluationInput {
    /// A JSON object on each line; empty lines do not count.
    static func examples(_ path: String) throws -> [JSONValue] {
        let text = try JSONInput.text(path)
        let source = path == "-" ? "stdin" : path
        var examples: [JSONValue] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard line.contains(where: { !$0.isWhitespace }) else { continue }
            do throws(JSONSyntax.Mistake) {
                try JSONSyntax.check(Array(line.utf8))
            } catch {
                throw CommandError(
                    .badInput,
                    "\(source), line \(number + 1), column \(error.column): \(error.reason)\n\(error.excerpt)")
            }
            examples.append(try JSONValue(parsing: Array(line.utf8)))
        }
        guard !examples.isEmpty else {
            throw CommandError(
                .badInput, "\(source) has no examples. Each is a line {\"input\": ..., \"expected\": ...}.")
        }
        return examples
    }

    /// `name` or `name@3`.
    static func plan(_ text: String) throws -> (name: String, version: Int?) {
        guard !text.isEmpty, text.first != "@" else {
            throw CommandError(.badInput, "--plan \"\(text)\": name a plan, as triage or triage@2.")
        }
        guard let sign = text.lastIndex(of: "@") else { return (text, nil) }
        guard let version = Int(text[text.index(after: sign)...]), version > 0 else {
            throw CommandError(.badInput, "--plan \(text): after the @ comes the number of a version")
        }
        return (String(text[..<sign]), version)
    }

    /// `regex=^[0-9]+$`, or one as JSON.
    static func scorer(_ text: String) throws -> EvaluationScorer {
        do {
            if text.hasPrefix("{") {
                let rule = try JSONInput.checked(Array(text.utf8), "--scorer")
                return try EvaluationScorer(try JSONValue(parsing: rule.bytes))
            }
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            let value = parts.count > 1 ? parts[1] : nil
            var json: [String: JSONValue] = ["type": .string(parts.first ?? "")]
            switch parts.first {
            case "contains": json["value"] = value.map { .string($0) }
            case "regex": json["pattern"] = value.map { .string($0) }
            case "expression": json["expression"] = value.map { .string($0) }
            case "numeric":
                if let value {
                    guard let tolerance = Double(value) else {
                        throw CommandError(.badInput, "--scorer \(text): the tolerance is no number")
                    }
                    json["tolerance"] = .number(tolerance)
                }
            case "schema":
                guard let value else { throw CommandError(.badInput, "--scorer schema: name a file, as schema=FILE.") }
                json["schema"] = try JSONValue(parsing: try JSONInput.file(value).bytes)
            case "judge":
                let parts = (value ?? "").split(separator: ":", maxSplits: 1).map(String.init)
                json["agent"] = parts.first.map { .string($0) }
                json["rubric"] = parts.count > 1 ? .string(parts[1]) : nil
            default: break
            }
            return try EvaluationScorer(.object(json))
        } catch let error as EvaluationScorerError {
            throw CommandError(.badInput, "--scorer \(text): \(error)")
        } catch let error as JSONTextError {
            throw CommandError(.badInput, "--scorer \(text): \(error)")
        }
    }
}
