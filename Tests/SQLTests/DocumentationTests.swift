import FoundationEssentials
import TestSupport
import Testing

@Suite(.checkedDatabase)
struct DocumentationTests {
    private static let page = text(of: "sql")

    private static func text(of page: String) -> String {
        let file = URL(filePath: #filePath).deletingLastPathComponent().path + "/../../docs/\(page).md"
        return (try? Data(contentsOf: URL(filePath: file))).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    @Test("the examples of docs/sql.md run from top to bottom")
    func examples() async throws {
        let blocks = Self.page.components(fencedBy: "```sql")
        #expect(blocks.count >= 12)
        try await TestDatabase.current.psql(blocks.joined(separator: "\n"))
    }

    @Test(
        "the examples of other pages run too",
        arguments: [("batches", 2), ("budgets", 3), ("memory", 4), ("agent-configuration", 1)])
    func otherPages(page: String, count: Int) async throws {
        let blocks = Self.text(of: page).components(fencedBy: "```sql")
        #expect(blocks.count == count)
        try await TestDatabase.current.psql(blocks.joined(separator: "\n"))
    }

    @Test("docs/sql.md names every error, every view and every function that people call")
    func complete() async throws {
        let sql = try await Session.open()
        for number in 1...9 { #expect(Self.page.contains("| AC00\(number) |")) }
        for view in try await sql.rows("select viewname from pg_views where schemaname = 'agentcorp'") {
            #expect(Self.page.contains("| `\(view)` |"), "\(view)")
            let columns = try await sql.rows(
                "select attname from pg_attribute where attrelid = 'agentcorp.\(view)'::regclass and attnum > 0")
            let line = Self.page.split(separator: "\n").first { $0.hasPrefix("| `\(view)` |") } ?? ""
            for column in columns { #expect(line.contains(column), "\(view).\(column)") }
        }
        // What functions call among themselves has parameters that begin with p_.
        let functions = try await sql.rows(
            """
            select distinct p.proname from pg_proc p where p.pronamespace = 'agentcorp'::regnamespace
            and coalesce(p.proargnames[1], 'p_') not like 'p\\_%' and p.proname not in ('shard_of', 'micros', 'outcome_name', 'distance', 'did_you_mean', 'queue_id',
                'milliseconds', 'parse_backoff', 'backoff_delay', 'parse_join', 'make_policy', 'check_payload', 'text_array', 'node_policy', 'check_nodes', 'enqueue_node')
            """)
        #expect(functions.count >= 25)
        for function in functions { #expect(Self.page.contains("\(function)("), "\(function)") }
    }
}

extension String {
    /// The texts between lines that begin with `fence` and the next line of three backticks.
    fileprivate func components(fencedBy fence: String) -> [String] {
        var blocks: [String] = []
        var isInside = false
        for line in split(separator: "\n", omittingEmptySubsequences: false) {
            if line == fence {
                blocks.append("")
                isInside = true
            } else if line == "```" {
                isInside = false
            } else if isInside {
                blocks[blocks.count - 1] += line + "\n"
            }
        }
        return blocks
    }
}
