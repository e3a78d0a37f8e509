internal import Postgres
internal import Queue
internal import Worker

/// What a command finds on standard input: one JSON document with its task, and what that needed.
struct CommandInput {
    private struct Identity: Encodable {
        let id: Int64
        let attempt: Int16
        let parentID: Int64?
        let rootID: Int64
        let kind: String

        enum CodingKeys: String, CodingKey {
            case id, attempt, kind
            case parentID = "parent_id"
            case rootID = "root_id"
        }
    }

    let bytes: [UInt8]

    /// - Parameter needs: All tasks that this one needed, its subtasks among them.
    init(_ task: ClaimedTask, needs: [NeededTask]) throws {
        let identity = Identity(
            id: task.id, attempt: task.attempt, parentID: task.parentID, rootID: task.rootID, kind: task.kind)
        // The arguments go through as they are: decoding and encoding them would blunt long numbers.
        let parts: [(String, [UInt8])] = [
            ("task", try JSONCoding.encode(identity).bytes),
            ("args", task.args),
            ("children", try JSONCoding.encode(needs.filter(\.isSubtask)).bytes),
            ("needs", try JSONCoding.encode(needs.filter { !$0.isSubtask }).bytes),
        ]
        var bytes: [UInt8] = []
        for (name, value) in parts {
            bytes += (bytes.isEmpty ? "{" : ",").utf8
            bytes += "\"\(name)\":".utf8
            bytes += value
        }
        self.bytes = bytes + "}\n".utf8
    }
}
