/// Why a test could not be set up, or what it waited for in vain.
public struct TestingError: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
