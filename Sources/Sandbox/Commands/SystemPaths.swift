/// What of the machine a command may see besides its folder: what programs need to start, and nothing with a secret.
enum SystemPaths {
    /// To read, and to run programs from. What is not there is passed over.
    static let readable =
        ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store"]
        // Not /etc as a whole: /etc/shadow and the keys of services lie there.
        + [
            "alternatives", "bash.bashrc", "ca-certificates", "ca-certificates.conf", "debian_version", "fonts",
            "gai.conf", "group", "host.conf", "hosts", "inputrc", "ld.so.cache", "ld.so.conf", "ld.so.conf.d",
            "locale.alias", "localtime", "lsb-release", "magic", "mime.types", "nsswitch.conf", "os-release", "passwd",
            "perl", "pki/ca-trust", "pki/tls/certs", "profile", "protocols", "python3", "resolv.conf", "services",
            "shells", "ssl/certs", "ssl/openssl.cnf", "terminfo", "timezone",
        ].map { "/etc/\($0)" }
        // The kernel refuses what of /proc belongs to processes outside: their environment, memory and files.
        + ["/proc", "/sys/devices/system/cpu"]

    /// To read and write.
    static let devices = ["null", "zero", "full", "random", "urandom"].map { "/dev/\($0)" }
}
