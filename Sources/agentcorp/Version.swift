/// The version of this program.
let agentCorpVersion = "0.1.0"
