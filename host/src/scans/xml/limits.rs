/// What is kept of a scanner's XML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct XmlLimits {
    /// Bytes of an attribute that reach whoever looks for the end of its tag. 64 KiB.
    pub value: usize,
    /// Bytes of a tag, a comment or a text between tags. 4 MiB.
    pub markup: usize,
    /// Elements in each other; nmap's own are at most about ten. 64.
    pub depth: usize,
    /// Attributes of a tag. 64.
    pub attributes: usize,
    /// Bytes of a name, a banner, a version. 256.
    pub text: usize,
    /// Bytes of a script's output. 4 KiB.
    pub output: usize,
    /// Bytes of all texts of a host; what is over that is left out, its ports are not. 1 MiB.
    pub host: usize,
    /// Bytes of all texts of a scan; likewise. 64 MiB.
    pub texts: usize,
    /// Ports that one host may tell: all of each protocol.
    pub ports: usize,
    /// Answers of scripts that are kept of a host; what is over that is left out. 1,000.
    pub scripts: usize,
    /// Hosts, and all their ports and answers of scripts, after which nothing is read on. 2,000,000.
    pub scan: usize,
}

impl Default for XmlLimits {
    fn default() -> XmlLimits {
        XmlLimits {
            value: 64 * 1024,
            markup: 4 * 1024 * 1024,
            depth: 64,
            attributes: 64,
            text: 256,
            output: 4 * 1024,
            host: 1024 * 1024,
            texts: 64 * 1024 * 1024,
            ports: 3 * 65_536,
            scripts: 1_000,
            scan: 2_000_000,
        }
    }
}
