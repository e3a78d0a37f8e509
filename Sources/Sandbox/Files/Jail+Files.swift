internal import Glibc

extension Jail {
    /// What a write did.
    public struct Written: Sendable, Hashable {
        /// Whether the file was not there before.
        public let isNew: Bool
    }

    /// The contents of an ordinary file.
    ///
    /// Throws `SandboxError`, `tooLarge` beyond `limit` bytes.
    public func read(_ path: String, limit: Int) throws -> [UInt8] {
        try contents(of: ordinaryFile(path), path, limit: limit)
    }

    /// Writes a whole file: it has either its old contents or its new ones, never a part, whatever happens.
    ///
    /// - Parameter createsFolders: Whether missing folders on the way are made.
    @discardableResult
    public func write(_ path: String, _ bytes: [UInt8], createsFolders: Bool) throws -> Written {
        let (folder, name) = try place(of: path, createsFolders: createsFolders)
        let old = try replaceable(name, in: folder, path)
        try put(bytes, as: name, in: folder, like: old, path)
        return Written(isNew: old == nil)
    }

    /// Replaces the contents of an ordinary file by what is made of them; nothing is written when they are the same.
    ///
    /// Throws `SandboxError`, also when somebody else changed the file meanwhile, and what `change` throws.
    public func edit(_ path: String, limit: Int, _ change: ([UInt8]) throws -> [UInt8]) throws {
        let (folder, name) = try place(of: path, createsFolders: false)
        guard let old = try replaceable(name, in: folder, path) else { throw failure(ENOENT, path) }
        let file = OpenFile(folder.open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY))
        guard let opened = file.status, opened.isSameState(as: old) else { throw changed(path) }
        let bytes = try contents(of: file, path, limit: limit)
        let new = try change(bytes)
        guard new != bytes else { return }
        try put(new, as: name, in: folder, like: old, path)
    }

    /// Removes a file, or a link itself; never a folder.
    public func delete(_ path: String) throws {
        let (folder, name) = try place(of: path, createsFolders: false)
        guard let status = folder.status(of: name) else { throw failure(errno, path) }
        guard [S_IFREG, S_IFLNK].contains(status.st_mode & S_IFMT) else { throw wrongKind(status, path) }
        guard folder.unlink(name) else { throw failure(errno, path) }
    }

    /// Opens an ordinary file to read. Never waits for the other end of a pipe.
    func ordinaryFile(_ path: String) throws -> OpenFile {
        let file = try open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
        guard let status = file.status, status.st_mode & S_IFMT == S_IFREG else {
            throw file.status.map { wrongKind($0, path) } ?? failure(errno, path)
        }
        return file
    }

    private func contents(of file: OpenFile, _ path: String, limit: Int) throws -> [UInt8] {
        let size = Int(file.status?.st_size ?? 0)
        guard size <= limit, let bytes = try file.read(atMost: limit) else {
            throw SandboxError(
                .tooLarge, "\"\(path)\" has \(max(size, limit + 1)) bytes, more than the \(limit) that may be read")
        }
        return bytes
    }

    /// The folder that a path's last component is in, open, and the component.
    private func place(of path: String, createsFolders: Bool) throws -> (OpenFile, String) {
        let components = try relative(path).split(separator: "/").map(String.init)
        guard let name = components.last, ![".", ".."].contains(name) else {
            throw SandboxError(.wrongKind, "\"\(path)\" names a folder, not a file")
        }
        let parent = components.dropLast().joined(separator: "/")
        let folder: OpenFile
        do {
            folder = try open(parent.isEmpty ? "." : parent, O_RDONLY | O_DIRECTORY)
        } catch let error as SandboxError where error.code == .notFound && createsFolders {
            folder = try makeFolders(components.dropLast(), path)
        }
        try checkProtection(of: name, in: folder, path)
        return (folder, name)
    }

    private func makeFolders(_ components: ArraySlice<String>, _ whole: String) throws -> OpenFile {
        var folder = root
        for index in components.indices {
            let path = components[...index].joined(separator: "/")
            try checkProtection(of: components[index], in: folder, whole)
            if components[index] != "..", !folder.makeFolder(components[index]), errno != EEXIST {
                throw failure(errno, path)
            }
            folder = try open(path, O_RDONLY | O_DIRECTORY)
        }
        return folder
    }

    /// The state of a file that a new one may take the place of; nil when there is none.
    private func replaceable(_ name: String, in folder: OpenFile, _ path: String) throws -> stat? {
        guard let status = folder.status(of: name) else {
            if errno == ENOENT { return nil }
            throw failure(errno, path)
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw wrongKind(status, path) }
        guard status.st_nlink == 1 else {
            throw SandboxError(
                .wrongKind, "\"\(path)\" has another name elsewhere (a hard link); write to a new file instead")
        }
        return status
    }

    private func put(_ bytes: [UInt8], as name: String, in folder: OpenFile, like old: stat?, _ path: String) throws {
        // Not the name with something added: that may be too long.
        let temporary = ".agentcorp-\(UInt64.random(in: 0 ... .max)).tmp"
        let descriptor = folder.create(temporary)
        guard descriptor >= 0 else { throw failure(errno, path) }
        do {
            let file = OpenFile(descriptor)
            try file.write(bytes)
            if let old {
                // Refused unless this is the owner, or root: then the file is the writer's.
                if let new = file.status, new.st_uid != old.st_uid || new.st_gid != old.st_gid {
                    _ = file.withDescriptor { fchown($0, old.st_uid, old.st_gid) }
                }
                _ = file.withDescriptor { fchmod($0, old.st_mode & 0o777) }
            }
            guard file.withDescriptor({ fsync($0) }) == 0 else { throw failure(errno, path) }
            if let old, let now = folder.status(of: name), !now.isSameState(as: old) { throw changed(path) }
            guard folder.rename(temporary, to: name) else { throw failure(errno, path) }
        } catch {
            _ = folder.unlink(temporary)
            throw error
        }
        _ = folder.withDescriptor { fsync($0) }
    }

    private func changed(_ path: String) -> SandboxError {
        SandboxError(.system, "\"\(path)\" was changed by somebody else just now; read it again")
    }

    private func wrongKind(_ status: stat, _ path: String) -> SandboxError {
        let kind =
            switch status.st_mode & S_IFMT {
            case S_IFDIR: "a folder"
            case S_IFLNK: "a link; name what it points to"
            case S_IFIFO: "a pipe"
            case S_IFSOCK: "a socket"
            default: "a device"
            }
        return SandboxError(.wrongKind, "\"\(path)\" is \(kind), no ordinary file")
    }
}

extension stat {
    /// Whether it is the same file, unchanged as far as its times and its size tell.
    func isSameState(as other: stat) -> Bool {
        st_dev == other.st_dev && st_ino == other.st_ino && st_size == other.st_size
            && st_mtim.tv_sec == other.st_mtim.tv_sec && st_mtim.tv_nsec == other.st_mtim.tv_nsec
    }
}
