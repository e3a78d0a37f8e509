internal import Glibc

/// A file that holds one secret and nobody else may read.
enum SecretFile {
    private static let limit = 65_536

    /// The first line of the file, without the spaces around it. Throws `ProviderConfigurationError`.
    static func read(_ path: String) throws -> Secret {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw ProviderConfigurationError(
                "cannot open the key file \(path): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw ProviderConfigurationError("the key file \(path) is no ordinary file")
        }
        guard status.st_mode & 0o077 == 0 else {
            let mode = String(status.st_mode & 0o777, radix: 8)
            throw ProviderConfigurationError(
                "others may read the key file \(path): its mode is 0\(mode); say: chmod 600 \(path)")
        }
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            throw ProviderConfigurationError(
                "the key file \(path) belongs to another user (\(status.st_uid)), who may change it")
        }
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = Glibc.read(descriptor, &buffer, limit)
        let text = String(decoding: buffer[..<max(0, count)], as: UTF8.self)
        let line = (text.split(whereSeparator: \.isNewline).first.map(String.init) ?? "").trimmed
        guard !line.isEmpty else { throw ProviderConfigurationError("the key file \(path) is empty") }
        return Secret(line)
    }
}
