/// What is found wrong with one document while it is read: reading goes on, so that all of it is said at once.
package final class IssueList {
    package struct Issue: Hashable {
        /// A JSON pointer (RFC 6901); empty for the whole document.
        package let pointer: String
        package let message: String
        /// What to do about it; may be empty.
        package let advice: String
    }

    package let file: String
    package private(set) var issues: [Issue] = []
    /// How many more there were.
    package private(set) var unlisted = 0
    private let most: Int

    /// - Parameter most: More than these are not kept: nobody reads them.
    package init(file: String, most: Int = 1000) {
        self.file = file
        self.most = most
    }

    package func add(_ pointer: String, _ message: String, _ advice: String = "") {
        guard issues.count < most else { return unlisted += 1 }
        issues.append(Issue(pointer: pointer, message: message, advice: advice))
    }
}
