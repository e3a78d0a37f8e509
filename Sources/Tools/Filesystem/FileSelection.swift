internal import Sandbox

/// Which files of a tree a search is about.
struct FileSelection: Sendable {
    private let include: Glob
    private let exclude: Glob?
    /// Git's own files are left out unless they are asked for.
    private let entersGit: Bool

    init(include: String, exclude: String?) throws {
        self.include = try Glob(include)
        self.exclude = try exclude.map { try Glob($0) }
        entersGit = include.contains(".git/")
    }

    func enters(_ folder: String) -> Bool {
        entersGit || !(folder == ".git" || folder.hasSuffix("/.git"))
    }

    func has(_ path: String) -> Bool {
        include.matches(path) && exclude?.matches(path) != true
    }

    /// What to say of a walk that has not seen everything.
    static func note(on end: Jail.WalkEnd) -> String? {
        switch end {
        case .complete, .stopped: nil
        case .tooDeep: "some folders are too deep and were left out"
        case .tooManyEntries: "there are too many files; not all were looked at"
        case .tooLong: "it took too long; not all were looked at"
        }
    }
}
