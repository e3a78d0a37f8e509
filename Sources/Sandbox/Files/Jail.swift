internal import CSandbox
internal import Glibc

/// A folder that paths cannot leave, whoever moves, links or swaps things in it meanwhile.
///
/// The kernel resolves every path below the open folder (`openat2` with RESOLVE_BENEATH); where it cannot, each
/// component is opened by itself, and links are refused. Nothing is checked first and opened later.
public final class Jail: Sendable {
    /// The folder as it was named.
    public let path: String
    let root: OpenFile
    /// Whether the kernel has `openat2`.
    private let kernelResolves: Bool
    /// Absolute names of the folder, each in its components: absolute paths may begin with one.
    private let names: [[Substring]]

    /// Names of folders and files in which nothing is written: hooks and settings in them become programs that run
    /// outside of the sandbox as soon as a person uses the folder.
    private let protected: Set<String>

    /// The longest path, in bytes.
    public static let longestPath = 4096

    /// - Parameter protecting: Names of folders and files in which nothing is written, at any depth.
    ///
    /// Throws `SandboxError` when there is no such folder.
    public convenience init(_ path: String, protecting: Set<String> = [".git"]) throws {
        try self.init(path, protecting: protecting, kernelResolves: true)
    }

    init(_ path: String, protecting: Set<String> = [".git"], kernelResolves: Bool) throws {
        self.path = path
        protected = protecting
        let descriptor = Glibc.open(path, sandbox_o_path | O_DIRECTORY | O_CLOEXEC)
        guard !path.utf8.contains(0), descriptor >= 0 else {
            throw SandboxError(.notFound, "cannot open the folder \"\(path)\" to work in: \(systemError())")
        }
        root = OpenFile(descriptor)
        guard !Self.isTopOfFileSystem(descriptor) else {
            throw SandboxError(
                .notAllowed, "the folder \"\(path)\" is the root of the file system: name the folder to work in")
        }
        self.kernelResolves = kernelResolves
        let real = realpath(path, nil)
        defer { free(real) }
        names = ([path] + (real.map { [String(cString: $0)] } ?? [])).filter { $0.hasPrefix("/") }.map(Self.components)
    }

    /// Asked of the open folder, not of its path, which may lead there by links and `..`.
    private static func isTopOfFileSystem(_ descriptor: Int32) -> Bool {
        var folder = stat()
        var top = stat()
        guard fstat(descriptor, &folder) == 0, stat("/", &top) == 0 else { return true }
        return folder.st_dev == top.st_dev && folder.st_ino == top.st_ino
    }

    private static func components(_ path: String) -> [Substring] {
        path.split(separator: "/").filter { $0 != "." }
    }

    /// A path as it is below the folder, unresolved.
    func relative(_ path: String) throws -> String {
        guard !path.isEmpty, !path.utf8.contains(0), path.utf8.count <= Self.longestPath else {
            throw SandboxError(
                .outside, "a path has 1 to \(Self.longestPath) bytes, none of them zero; this one is none")
        }
        let components = Self.components(path)
        guard path.hasPrefix("/") else { return components.isEmpty ? "." : components.joined(separator: "/") }
        guard let name = names.first(where: { components.starts(with: $0) }) else { throw outside(path) }
        let rest = components.dropFirst(name.count)
        return rest.isEmpty ? "." : rest.joined(separator: "/")
    }

    /// Opens what a path below the folder names.
    func open(_ path: String, _ flags: Int32) throws -> OpenFile {
        let relative = try relative(path)
        let descriptor = kernelResolves ? resolve(relative, flags) : nil
        switch descriptor ?? walk(relative, flags) {
        case .success(let handle): return handle
        case .failure(let error): throw failure(error.code, path)
        }
    }

    private struct SystemError: Error {
        let code: Int32
    }

    /// Nil where the kernel has no `openat2`.
    private func resolve(_ relative: String, _ flags: Int32) -> Result<OpenFile, SystemError>? {
        var attempts = 0
        while true {
            let descriptor = sandbox_openat2(
                root.descriptor, relative, UInt64(flags), 0, sandbox_resolve_beneath | sandbox_resolve_no_magiclinks)
            if descriptor >= 0 { return .success(OpenFile(descriptor)) }
            let code = errno
            attempts += 1
            // Something on the way was renamed just then, and the kernel cannot tell where `..` leads.
            if code == EINTR || code == EAGAIN && attempts <= 8 { continue }
            return code == ENOSYS ? nil : .failure(SystemError(code: code))
        }
    }

    /// A component at a time, without following a link; knows no `..`.
    private func walk(_ relative: String, _ flags: Int32) -> Result<OpenFile, SystemError> {
        let components = relative.split(separator: "/")
        guard !components.contains("..") else { return .failure(SystemError(code: EXDEV)) }
        var folder = root
        for (index, component) in components.enumerated() {
            let isLast = index == components.count - 1
            let descriptor = folder.open(
                String(component), isLast ? flags | O_NOFOLLOW : sandbox_o_path | O_DIRECTORY | O_NOFOLLOW)
            guard descriptor >= 0 else { return .failure(SystemError(code: errno)) }
            folder = OpenFile(descriptor)
        }
        // With O_PATH a link itself is opened, instead of an error.
        guard let status = folder.status, status.st_mode & S_IFMT != S_IFLNK else {
            return .failure(SystemError(code: ELOOP))
        }
        return .success(folder)
    }

    func openFolder(_ path: String) throws -> OpenFile {
        try open(path, sandbox_o_path | O_DIRECTORY)
    }

    /// The absolute path of an open folder, as it is now.
    func location(of folder: OpenFile) throws -> String {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = folder.withDescriptor { readlink("/proc/self/fd/\($0)", &buffer, buffer.count) }
        guard count > 0 else { throw SandboxError(.system, "cannot read /proc: \(systemError())") }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    /// The folder that it is in, absolute and without links.
    public var parent: String {
        get throws {
            let place = try location(of: root)
            return place.lastIndex(of: "/").map { $0 == place.startIndex ? "/" : String(place[..<$0]) } ?? "/"
        }
    }

    /// Throws when nothing may be written under that name in that folder, by whatever path it was reached.
    func checkProtection(of name: String, in folder: OpenFile, _ path: String) throws {
        let place = try location(of: folder).dropFirst(try location(of: root).count)
        let names = place.split(separator: "/").map(String.init) + [name]
        guard let name = names.first(where: protected.contains) else { return }
        throw SandboxError(.notAllowed, "\"\(path)\" is in \(name), where files are not written; use its own tools")
    }

    func outside(_ path: String) -> SandboxError {
        SandboxError(.outside, "\"\(path.prefix(200))\" leads out of the folder to work in; use a path below it")
    }

    func failure(_ code: Int32, _ path: String) -> SandboxError {
        let name = "\"\(path.prefix(200))\""
        switch code {
        case EXDEV: return outside(path)
        case ELOOP: return SandboxError(.outside, "\(name) goes through a link that may not be followed")
        case ENOENT: return SandboxError(.notFound, "there is no \(name)")
        case ENOTDIR: return SandboxError(.wrongKind, "\(name), or what it lies in, is no folder")
        case EISDIR: return SandboxError(.wrongKind, "\(name) is a folder")
        case ENXIO, ENODEV: return SandboxError(.wrongKind, "\(name) is no ordinary file")
        case ENAMETOOLONG: return SandboxError(.outside, "\(name) has a name that is too long")
        case EACCES, EPERM, EROFS: return SandboxError(.denied, "\(name): \(systemError(code))")
        default: return SandboxError(.system, "\(name): \(systemError(code))")
        }
    }
}
