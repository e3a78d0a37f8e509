package import JSON

/// A text in JSON or YAML, and its value.
package struct DocumentText: Sendable {
    package let value: JSONValue
    private let text: String
    private let isJSON: Bool

    /// Of a file whose name ends with `.json` the text is JSON, else YAML, of which JSON is a part.
    package init(_ text: String, isJSON: Bool, bounds: Bounds = .configuration) throws(DocumentFile.Failure) {
        var marks: JSONMarks?
        self.text = text
        self.isJSON = isJSON
        value = try isJSON ? JSONDocument.parse(text, marks: &marks) : YAMLDocument.parse(text, bounds, marks: &marks)
        self.bounds = bounds
    }

    private let bounds: Bounds

    /// Where each value stands: the text is read once more, for it is not often asked.
    package func marks() -> JSONMarks {
        var marks: JSONMarks? = JSONMarks()
        // It has been read before.
        _ = try? isJSON ? JSONDocument.parse(text, marks: &marks) : YAMLDocument.parse(text, bounds, marks: &marks)
        return marks ?? JSONMarks()
    }

    /// How much a text may hold.
    package struct Bounds: Sendable {
        package var bytes = 1 << 20
        package var values = 100_000
        package var aliases = 16

        package static let configuration = Bounds()
        package static let plan = Bounds(bytes: 64 << 20, values: 4_000_000, aliases: 1000)
    }
}
