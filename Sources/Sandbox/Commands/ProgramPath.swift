internal import Glibc

/// Finds programs, and compares them by where they lie rather than by what they are called.
struct ProgramPath {
    /// Absolute folders to look names up in.
    let folders: [String]
    /// Absolute: where a program with a relative path lies.
    let base: String

    init(path: String, base: String) {
        folders = path.split(separator: ":").map(String.init).filter { $0.hasPrefix("/") }
        self.base = base
    }

    /// The path to run a program by; nil when there is none. A relative one stays relative.
    func find(_ program: String) -> String? {
        guard !program.isEmpty, !program.utf8.contains(0) else { return nil }
        if program.contains("/") {
            return isExecutable(program.hasPrefix("/") ? program : "\(base)/\(program)") ? program : nil
        }
        return folders.lazy.map { "\($0)/\(program)" }.first(where: isExecutable)
    }

    /// Whether a program that `find` has found is one of those.
    ///
    /// The folder is resolved, the name is not: one file may be many programs, by the name that it is called by.
    func isAllowed(_ path: String, by allowed: [String]) -> Bool {
        guard let place = place(of: path) else { return false }
        return allowed.contains { find($0).flatMap { self.place(of: $0) } == place }
    }

    private func place(of path: String) -> String? {
        let absolute = path.hasPrefix("/") ? path : "\(base)/\(path)"
        let slash = absolute.lastIndex(of: "/")!
        let name = absolute[absolute.index(after: slash)...]
        guard !name.isEmpty, name != ".", name != "..",
            let folder = realpath(slash == absolute.startIndex ? "/" : String(absolute[..<slash]), nil)
        else { return nil }
        defer { free(folder) }
        return String(cString: folder) + "/" + name
    }

    private func isExecutable(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }
}
