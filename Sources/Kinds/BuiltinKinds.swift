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

        public init() {}
    }

    /// Registers all of them; one that is registered already under the same name is replaced.
    public static func register(in registry: HandlerRegistry, options: Options = Options()) {
        let command = CommandHandler(
            environment: CommandEnvironment(
                of: ProcessInfo.processInfo.environment, more: options.inheritedVariables),
            grace: options.grace)
        registry.register("command") { try await command.handle($0) }
        registry.register("http") { try await HTTPHandler.handle($0) }
        registry.register("noop") { _ in .completed(nil) }
        registry.register("sleep") { context in
            try await Task.sleep(for: SleepArguments(context.task.args).duration)
            return .completed(nil)
        }
    }
}
