import ArgumentParser
import Queue

/// The options of every command about how results look.
struct OutputOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Use colours: auto, always or never.", valueName: "when"))
    var color = ColorChoice.auto
}
