/// How a server is made to answer in the form of a schema.
public enum StructuredOutput: String, Sendable, Hashable, CaseIterable {
    /// It takes the schema. Where it turns out that it does not, `tool` is used.
    case native
    /// The answer is the arguments of a tool that the model must call.
    case tool
    /// The model is told in words.
    case instruction
}
