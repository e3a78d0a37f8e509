package import JSON

/// JSON as people write it in files: nothing twice, nothing deep.
package enum JSONDocument {
    package static let deepest = 64

    package static func parse(_ text: String) throws(DocumentFile.Failure) -> JSONValue {
        var marks: JSONMarks?
        return try parse(text, marks: &marks)
    }

    static func parse(_ text: String, marks: inout JSONMarks?) throws(DocumentFile.Failure) -> JSONValue {
        do throws(JSONParser.Failure) {
            return try JSONParser.parse(text.utf8, deepest: deepest, marks: &marks)
        } catch {
            throw DocumentFile.Failure("no valid JSON: \(error.message)", line: error.line, column: error.column)
        }
    }
}
