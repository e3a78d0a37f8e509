import Postgres
import Queue

/// What a task returned, on stdout.
enum ResultText {
    /// Prints JSON as it is, or a string's text.
    static func print(_ result: PostgresJSON?, isRaw: Bool) {
        let json = result ?? PostgresJSON("null")
        if isRaw, let text = try? JSONCoding.decode(json.bytes, as: String.self) {
            Terminal.output.write(text.hasSuffix("\n") ? text : text + "\n")
        } else {
            Terminal.output.write(json.bytes + [Ascii.newline])
        }
    }
}
