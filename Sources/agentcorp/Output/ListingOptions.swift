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

    /// Prints an array with a line for each record.
    static func printJSON(_ records: [some Encodable]) throws {
        let lines = try records.map { try JSONCoding.encode($0).text }
        Terminal.output.line(lines.isEmpty ? "[]" : "[\n" + lines.joined(separator: ",\n") + "\n]")
    }
}
