/// What a payload is. It is encrypted for that purpose alone: put in another's place, it cannot be read.
public enum PayloadPurpose: Sendable, Hashable {
    /// Of any task: its id is not known yet when its arguments are encrypted.
    case args
    case output(task: Int64)
    /// A step may be shared by a fork of its task, so the name is all that is bound.
    case step(name: String)

    /// The words that a cipher authenticates together with the content.
    public var words: String {
        switch self {
        case .args: "args"
        case .output(let task): "output \(task)"
        case .step(let name): "step \(name)"
        }
    }
}
