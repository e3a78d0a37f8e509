/// How far a command is kept away from the rest of the machine, the mildest first.
public enum Isolation: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
    /// Its own session, a scrubbed environment and resource limits; it may read, write and connect as its user may.
    case none
    /// Besides, the kernel's Landlock keeps it to its folder, and a filter of system calls from all sockets.
    case landlock
    /// Besides, it sees no processes but its own, and no network devices: user, process, network, mount and IPC
    /// namespaces.
    case namespaces

    public static func < (left: Isolation, right: Isolation) -> Bool {
        allCases.firstIndex(of: left)! < allCases.firstIndex(of: right)!
    }
}

/// The isolation that is wanted, and whether less will do.
public struct IsolationPolicy: Sendable, Hashable {
    public var level: Isolation
    /// Whether a command is refused where the level cannot be had; else the next milder one is used, and said.
    public var required: Bool

    public init(_ level: Isolation, required: Bool) {
        self.level = level
        self.required = required
    }
}
