internal import Sandbox

/// A word that sets the defaults of everything that a configuration does not say about commands and the network.
public enum SecurityLevel: String, Sendable, Hashable, CaseIterable {
    /// No programs unless they are listed; commands in namespaces, or not at all.
    case strict
    /// Any program of the system by its arguments, without a network; Landlock, or not at all.
    case standard
    /// Also shell lines and a network; the best isolation that there is.
    case permissive

    /// The words that configurations of the original framework use, where they had no effect.
    static let aliases: [String: SecurityLevel] = [
        "restricted": .strict,
        "filesystem_restricted": .standard, "analyst": .standard, "researcher": .standard, "developer": .standard,
        "power_user": .permissive,
    ]

    var isolation: IsolationPolicy {
        switch self {
        case .strict: IsolationPolicy(.namespaces, required: true)
        case .standard: IsolationPolicy(.landlock, required: true)
        case .permissive: IsolationPolicy(.landlock, required: false)
        }
    }

    var network: NetworkPolicy { NetworkPolicy(commands: self == .permissive) }

    var commands: CommandPolicy {
        switch self {
        case .strict: .none
        case .standard: CommandPolicy()
        case .permissive: CommandPolicy(shell: true)
        }
    }
}
