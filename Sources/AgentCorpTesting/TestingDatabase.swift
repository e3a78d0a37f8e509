/// A database that a ``TestingServer`` has made for one test.
public struct TestingDatabase: Sendable {
    public let name: String
    /// How to connect to it: a libpq connection string.
    public let dsn: String

    package init(name: String, dsn: String) {
        self.name = name
        self.dsn = dsn
    }
}
