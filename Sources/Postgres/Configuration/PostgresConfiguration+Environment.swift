internal import CLibpq

extension PostgresConfiguration {
    /// The connection string as environment variables of libpq, for starting a program such as psql.
    ///
    /// Options for which libpq has no variable are left out.
    ///
    /// - Throws: `connectionFailed` when the string cannot be read.
    public func environment() throws(PostgresError) -> [String: String] {
        guard let options = PQconndefaults() else { return [:] }
        defer { PQconninfoFree(options) }
        let given = try parsedOptions()
        var variables: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let variable = option.pointee.envvar, let value = given[String(cString: keyword)] {
                variables[String(cString: variable)] = value
            }
            option += 1
        }
        return variables
    }
}
