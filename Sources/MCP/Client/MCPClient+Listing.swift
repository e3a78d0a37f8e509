internal import JSON
internal import Logging

extension MCPClient {
    /// The list of tools: the one that is kept, while it may be.
    func currentListing() async throws -> MCPToolListing {
        let connection = try await connection()
        if let listing, listing.connection === connection, listing.changes == connection.hub.changes,
            listing.until.map({ time.now() < $0 }) ?? true
        {
            return listing.listing
        }
        // Read before the list is: a change that comes meanwhile counts.
        let changes = connection.hub.changes
        let fresh = try await fetchListing()
        for tool in fresh.rejected {
            logger.warning(
                "tool not offered",
                metadata: ["server": "\(configuration.name)", "tool": "\(tool.name)", "reason": "\(tool.reason)"])
        }
        // Of a server that wants no list kept, one is still good for the calls that follow at once.
        let lifetime =
            fresh.lifetime.map { max($0, .seconds(30)) } ?? (connection.announcesChanges ? nil : .seconds(300))
        listing = CachedListing(
            listing: fresh, connection: current ?? connection, changes: changes,
            until: lifetime.map { time.now() + $0 })
        return fresh
    }

    private func fetchListing() async throws -> MCPToolListing {
        var restarts = 0
        while true {
            var mirrorsArguments = false
            if case .endpoint = configuration.transport {
                mirrorsArguments = try await connection().outcome.revision.isModern
            }
            var pages = ToolPages(
                server: name, mirrorsArguments: mirrorsArguments, allowed: configuration.allowedTools)
            var cursor: String?
            do {
                repeat {
                    let params: [String: JSONValue] = cursor.map { ["cursor": .string($0)] } ?? [:]
                    cursor = try pages.add(try await request("tools/list", params))
                } while cursor != nil
                return pages.listing
            } catch let failure as RPCFailure
                where failure.code == RPCFailure.invalidParameters && cursor != nil && restarts < 2
            {
                // The list has changed under our feet: the cursor means nothing any more.
                restarts += 1
            }
        }
    }
}
