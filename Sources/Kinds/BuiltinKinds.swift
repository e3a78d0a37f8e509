internal import FoundationEssentials
internal import Queue
public import Worker

/// The kinds of task that come with the engine: `command`, `http`, `noop` and `sleep`.
public enum BuiltinKinds {
    /// How they work. The defaults suit a worker whose tasks are its operator's own.
    public struct Options: Sendable {
        /// Names of variables of the worker's environment that commands get beside PATH, HOME, USER, LANG, LC_*, TZ and
        /// TMPDIR: the way to give them a secret that is not in the database.
        public var inheritedVariables: [String] = []
        /// How long a cancelled command has between SIGTERM and SIGKILL.
        public var grace: Duration = .seconds(2)
        /// Only those of these names are registered; nil: all.
        public var kinds: Set<String>?

        public init() {}
    }

    /// What they are called.
    public static let names = ["command", "http", "noop", "sleep"]

    /// Registers them; one that is registered already under the same name is replaced.
    public static func register(in registry: HandlerRegistry, options: Options = Options()) {
        func register(_ kind: String, _ handler: @escaping TaskHandler) {
            if options.kinds?.contains(kind) != false { registry.register(kind, handler) }
        }
        let command = CommandHandler(
            environment: CommandEnvironment(
                of: ProcessInfo.processInfo.environment, more: options.inheritedVariables),
            grace: options.grace)
        register("command") { try await command.handle($0) }
        register("http") { try await HTTPHandler.handle($0) }
        register("noop") { _ in .completed(nil) }
        register("sleep") { context in
            try await Task.sleep(for: SleepArguments(context.task.args).duration)
            return .completed(nil)
        }
    }
}
