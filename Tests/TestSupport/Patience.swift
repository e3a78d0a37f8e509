/// How long tests wait for what must come.
public enum Patience {
    /// Much longer than anything takes: a machine may do hundreds of other things meanwhile.
    public static let usual = Duration.seconds(300)
}
