use std::str::FromStr;

use crate::expected::Expected;
use crate::network::Network;
use crate::place::Port;
use crate::ports::Ports;

/// What may be open where: `10.0.0.0/8, 2001:db8::/32: 22, 443 tcp`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allowed {
    networks: Vec<Network>,
    ports: Ports,
}

impl Allowed {
    fn has(&self, port: &Port) -> bool {
        self.ports.has(port) && self.networks.iter().any(|network| network.has(port.target))
    }
}

/// Whether any entry allows that this port is open.
pub(crate) fn allows(allowed: &[Allowed], port: &Port) -> bool {
    allowed.iter().any(|entry| entry.has(port))
}

impl FromStr for Allowed {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        // A colon and a blank: colons alone stand in addresses.
        let (networks, ports) = text
            .rsplit_once(": ")
            .ok_or_else(|| Expected::new("NETWORKS: PORTS, like 10.0.0.0/8: 22, 443 tcp", text))?;
        let networks = networks.split(',').map(|network| network.trim().parse()).collect::<Result<_, _>>()?;
        Ok(Allowed { networks, ports: ports.parse()? })
    }
}
