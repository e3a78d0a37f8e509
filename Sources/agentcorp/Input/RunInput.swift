import JSON
import Postgres

/// The input of a run, from `--input` options.
enum RunInput {
    /// `@file` and JSON objects are whole inputs, `name=value` sets one member; later ones go before earlier ones.
    ///
    /// A value is JSON where it can be read as that, else a string. `name=@file` is what is in the file: JSON when its
    /// name ends with `.json`, else a string.
    static func value(_ options: [String]) throws -> JSONValue {
        var members: [String: JSONValue] = [:]
        for option in options {
            if option.hasPrefix("@") || option.hasPrefix("{") || option == "-" {
                let bytes = try JSONInput.value(option, name: "--input").bytes
                guard case .object(let whole) = try JSONValue(parsing: bytes) else {
                    // A plan may take anything, but then nothing can be put into it.
                    guard options.count == 1 else {
                        throw CommandError(.badInput, "--input \(option): is no object, so nothing can be added to it.")
                    }
                    return try JSONValue(parsing: bytes)
                }
                members.merge(whole) { $1 }
                continue
            }
            guard let sign = option.firstIndex(of: "="), sign != option.startIndex else {
                throw CommandError(
                    .badInput, "--input \(option): write name=value, or @file.json for the whole of it.")
            }
            members[String(option[..<sign])] = try value(String(option[option.index(after: sign)...]), option)
        }
        return .object(members)
    }

    private static func value(_ text: String, _ option: String) throws -> JSONValue {
        guard text.hasPrefix("@") else { return (try? JSONValue(parsing: Array(text.utf8))) ?? .string(text) }
        let path = String(text.dropFirst())
        let bytes = try JSONInput.read(path, "--input")
        guard !path.hasSuffix(".json") else { return try JSONValue(parsing: try JSONInput.checked(bytes, path).bytes) }
        guard let string = String(validating: bytes, as: UTF8.self) else {
            throw CommandError(.badInput, "--input \(option): the file is no text in UTF-8.")
        }
        return .string(string)
    }
}
