internal import CSandbox
internal import Glibc

/// Keeps what a process knows within it.
public enum ProcessSecrets {
    /// Erases environment variables of this process, from where other processes could read them too. To be called at
    /// its start, before it has threads.
    public static func erase(_ variables: [String]) {
        for variable in variables {
            guard let value = getenv(variable) else { continue }
            // `/proc/PID/environ` shows the very bytes, whatever becomes of the variable.
            memset(value, 0, strlen(value))
            unsetenv(variable)
        }
    }

    /// From now on, the process leaves no core dump, and processes of the same user cannot read its memory.
    public static func forbidDumps() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        _ = setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        _ = sandbox_forbid_dumps()
    }

    /// The environment for a process that needs no secrets: without variables that are named like one.
    public static func environmentWithoutSecrets(_ environment: [String: String]) -> [String: String] {
        environment.filter { !isSecretName($0.key) }
    }

    /// Whether a variable is named like a secret: `OPENAI_API_KEY`, `GITHUB_TOKEN`, `PGPASSWORD`.
    public static func isSecretName(_ name: String) -> Bool {
        let name = name.uppercased()
        return ["API_KEY", "APIKEY", "ACCESS_KEY", "PRIVATE_KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIALS"]
            .contains { name.hasSuffix($0) } || name.hasPrefix("SECRET_")
    }
}
