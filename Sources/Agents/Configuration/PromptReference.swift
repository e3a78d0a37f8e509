/// A prompt file and what to fill in.
public struct PromptReference: Sendable, Hashable {
    /// The name in the folder `prompts`, with or without `.md`.
    public var file: String
    public var params: [String: String]

    public init(file: String, params: [String: String] = [:]) {
        self.file = file
        self.params = params
    }
}
