/// A mistake in how providers, their keys, prices or scripts are set up: says what, where, and what to do.
public struct ProviderConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}
