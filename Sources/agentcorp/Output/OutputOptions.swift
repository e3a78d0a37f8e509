import ArgumentParser
import Queue

/// The options of every command about how results look.
struct OutputOptions: ParsableArguments {
    @Option(help: ArgumentHelp("When to use colours.", valueName: "when"))
    var color = ColorChoice.auto
}
