public import Sandbox

/// Which programs `terminal.run_command` may start, and with what.
public struct CommandPolicy: Sendable, Hashable {
    /// Programs, by name on the PATH or by path; nil: any.
    public var allowed: [String]?
    /// Whether a command may be a line for `/bin/sh`, which reaches whatever the sandbox lets a program reach.
    public var shell: Bool
    /// Folders and files besides the system's own that commands may read, and run programs from.
    public var readablePaths: [String]
    /// Variables besides PATH, LANG, HOME and TMPDIR.
    public var environment: [String: String]
    /// How long a command may take that asks for no time.
    public var timeout: Duration
    /// The longest time that a command may ask for.
    public var maximumTimeout: Duration
    public var limits: ResourceLimits

    public init(
        allowed: [String]? = nil, shell: Bool = false, readablePaths: [String] = [],
        environment: [String: String] = [:], timeout: Duration = .seconds(60), maximumTimeout: Duration = .seconds(600),
        limits: ResourceLimits = ResourceLimits()
    ) {
        self.allowed = allowed
        self.shell = shell
        self.readablePaths = readablePaths
        self.environment = environment
        self.timeout = timeout
        self.maximumTimeout = maximumTimeout
        self.limits = limits
    }

    /// No program at all.
    public static let none = CommandPolicy(allowed: [])
}
