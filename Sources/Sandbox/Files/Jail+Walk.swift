internal import Glibc

extension Jail {
    /// How much of a tree is looked at.
    public struct WalkLimits: Sendable {
        /// Folders inside folders.
        public var depth: Int
        /// Names, files and folders together.
        public var entries: Int
        public var time: Duration

        public init(depth: Int = 40, entries: Int = 200_000, time: Duration = .seconds(20)) {
            self.depth = depth
            self.entries = entries
            self.time = time
        }
    }

    /// Why a walk did not see everything.
    public enum WalkEnd: Sendable, Hashable {
        case complete
        /// The visitor had enough.
        case stopped
        case tooDeep
        case tooManyEntries
        case tooLong
    }

    /// An ordinary file that a walk has come to.
    public struct WalkedFile {
        /// Below the folder of the jail.
        public let path: String
        let folder: OpenFile
        let name: String

        /// Its contents; nil when it is larger than `limit`, cannot be read, or is no ordinary file any more.
        public func read(limit: Int) -> [UInt8]? {
            let descriptor = folder.open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
            guard descriptor >= 0 else { return nil }
            let file = OpenFile(descriptor)
            guard let status = file.status, status.st_mode & S_IFMT == S_IFREG, status.st_size <= limit else {
                return nil
            }
            return try? file.read(atMost: limit)
        }
    }

    private struct Walk {
        let limits: WalkLimits
        let deadline: ContinuousClock.Instant
        let cancellation: BlockingWork.Cancellation?
        let enters: (String) -> Bool
        let visit: (WalkedFile) throws -> Bool
        var entries = 0
        var end = WalkEnd.complete
    }

    /// Visits the ordinary files below a folder in the order of their names; links are not followed.
    ///
    /// - Parameters:
    ///   - enters: Whether to go into the folder of that path.
    ///   - visit: Returns whether to go on.
    public func walk(
        _ path: String = ".", limits: WalkLimits = WalkLimits(), cancellation: BlockingWork.Cancellation? = nil,
        enters: (String) -> Bool = { _ in true }, visit: (WalkedFile) throws -> Bool
    ) throws -> WalkEnd {
        let relative = try relative(path)
        let folder = try open(path, O_RDONLY | O_DIRECTORY)
        return try withoutActuallyEscaping(enters) { enters in
            try withoutActuallyEscaping(visit) { visit in
                var walk = Walk(
                    limits: limits, deadline: .now + limits.time, cancellation: cancellation, enters: enters,
                    visit: visit)
                _ = try Self.walk(&walk, folder, at: relative == "." ? "" : relative + "/", depth: 1)
                return walk.end
            }
        }
    }

    /// False when the walk is over.
    private static func walk(_ walk: inout Walk, _ folder: OpenFile, at prefix: String, depth: Int) throws -> Bool {
        let room = walk.limits.entries - walk.entries
        let names = folder.names(atMost: room + 1)
        walk.entries += names.count
        for name in names.sorted().prefix(room) {
            try walk.cancellation?.check()
            guard ContinuousClock.now < walk.deadline else {
                walk.end = .tooLong
                return false
            }
            guard let status = folder.status(of: name) else { continue }
            let path = prefix + name
            switch status.st_mode & S_IFMT {
            case S_IFREG:
                guard try walk.visit(WalkedFile(path: path, folder: folder, name: name)) else {
                    walk.end = .stopped
                    return false
                }
            case S_IFDIR where walk.enters(path):
                guard depth < walk.limits.depth else {
                    walk.end = .tooDeep
                    continue
                }
                let descriptor = folder.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
                // Not readable, or no folder any more.
                guard descriptor >= 0 else { continue }
                guard try Self.walk(&walk, OpenFile(descriptor), at: path + "/", depth: depth + 1) else {
                    return false
                }
            default: continue
            }
        }
        guard names.count <= room else {
            walk.end = .tooManyEntries
            return false
        }
        return true
    }
}
