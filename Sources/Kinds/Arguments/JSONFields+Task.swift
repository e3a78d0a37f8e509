internal import JSON
internal import Queue
internal import Worker

extension JSONFields {
    /// The arguments of a task.
    ///
    /// Every mistake is a `PermanentFailure` with reason `arguments`: another attempt would not mend it.
    init(arguments json: [UInt8], kind: String, known: [String]) throws {
        func failure(_ message: String) -> PermanentFailure { PermanentFailure(message, reason: "arguments") }
        let list = known.joined(separator: ", ")
        guard case .object(let members) = try? JSONCoding.decode(json, as: JSONValue.self) else {
            throw failure("the arguments of \(kind) must be a JSON object with \(list)")
        }
        try self.init(members, at: kind, known: known, readsScalars: true) { field, what in
            failure("the argument \"\(field)\" of \(kind) \(what)")
        } unknown: { field, meant in
            failure(
                "\(kind) has no argument \"\(field)\"; "
                    + (meant.map { "did you mean \"\($0)\"?" } ?? "it takes \(list)"))
        }
    }
}
