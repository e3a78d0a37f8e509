/// Why something was refused, or did not work: says what, where, and what to do.
public struct SandboxError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable {
        /// The path leaves the folder, or is none.
        case outside
        case notFound
        /// A folder, a link, a device, a file that has another name elsewhere: nothing to read or write here.
        case wrongKind
        case tooLarge
        /// The system's permissions are against it.
        case denied
        /// The policy is against it.
        case notAllowed
        /// The isolation that is required cannot be had.
        case isolation
        /// The system failed.
        case system
    }

    public let code: Code
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
