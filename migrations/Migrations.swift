/// The numbered SQL files, embedded in the binary.
public enum Migrations {}
