internal import FoundationEssentials
internal import Glibc
internal import JSON

/// A file that whoever started the process has named.
enum NamedFile {
    /// Throws `ProviderConfigurationError` that names the file and says why it cannot be read.
    static func bytes(_ path: String) throws -> [UInt8] {
        do {
            return [UInt8](try Data(contentsOf: URL(filePath: path)))
        } catch {
            let cause = (error as? CocoaError)?.underlying as? POSIXError
            let reason = cause.map { String(cString: strerror($0.code.rawValue)) } ?? "\(error)"
            throw ProviderConfigurationError("cannot read \(path): \(reason)")
        }
    }

    /// Throws `ProviderConfigurationError` that names the file, and the place in it that is no JSON.
    static func json(_ path: String) throws -> JSONValue {
        do {
            return try JSONValue(parsing: bytes(path))
        } catch let error as JSONTextError {
            throw ProviderConfigurationError("\(path): \(error)")
        }
    }
}
