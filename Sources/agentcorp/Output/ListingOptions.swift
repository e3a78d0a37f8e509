import ArgumentParser
import Postgres
import Queue

/// The options of every command that lists things.
struct ListingOptions: ParsableArguments {
    @Flag(help: "Print JSON: an array with a line for each record.")
    var json = false

    @OptionGroup var output: OutputOptions

    /// Prints the records as JSON or as a table.
    func print<Record: Encodable>(
        _ records: [Record], _ columns: [Table.Column], whenEmpty remark: String, row: (Record) -> [Table.Cell]
    ) throws {
        guard !json else { return try Self.printJSON(records) }
        var table = Table(columns)
        for record in records { table.add(row(record)) }
        table.print(whenEmpty: remark)
    }

    /// Says, to a person, how to see what did not fit: `last` is the id of the last of so many records.
    func hintAtOlder(_ last: Int64?, shown: Int, of limit: Int) {
        if shown == limit, let last, Terminal.output.isInteractive, !json {
            Terminal.errors.line(Terminal.errors.styled(.dim, "older ones: --before \(last)"))
        }
    }

    /// Prints an array with a line for each record.
    static func printJSON(_ records: [some Encodable]) throws {
        let lines = try records.map { try JSONCoding.encode($0).text }
        Terminal.output.line(lines.isEmpty ? "[]" : "[\n" + lines.joined(separator: ",\n") + "\n]")
    }
}
