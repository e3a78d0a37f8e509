/// `filesys.*`: files below the folder that an agent works in.
public enum FilesystemTools {
    public static let all = [readFile, writeFile, replaceInFile, deleteFile, fileSearch, grepSearch]

    /// The most bytes of a file that is read or written.
    static let fileLimit = 10 << 20
}

/// `1 file`, `2 files`.
func counted(_ count: Int, _ thing: String) -> String { "\(count) \(thing)\(count == 1 ? "" : "s")" }
