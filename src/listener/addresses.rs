//! How many connections each client address has, and that it has no more than it may.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

/// Who an address belongs to, as far as counting goes.
type Party = IpAddr;

/// The connections of all addresses. As many entries as there are connections at most.
#[derive(Debug)]
pub(super) struct Addresses {
    max: usize,
    open: Mutex<HashMap<Party, usize>>,
}

/// One connection of one address, counted until this is dropped.
#[derive(Debug)]
pub(super) struct Counted {
    addresses: Arc<Addresses>,
    party: Party,
}

impl Addresses {
    /// Nobody yet, and at most `max` connections of each.
    pub(super) fn new(max: usize) -> Self {
        Addresses {
            max,
            open: Mutex::default(),
        }
    }

    /// Counts one more connection of `address`; `None` where it has as many as it may.
    pub(super) fn count(self: &Arc<Self>, address: IpAddr) -> Option<Counted> {
        let party = party(address);
        let mut open = self.lock();
        let connections = open.entry(party).or_default();
        if *connections >= self.max {
            return None;
        }
        *connections += 1;
        Some(Counted {
            addresses: Arc::clone(self),
            party,
        })
    }

    /// A panic elsewhere does not make the sums wrong: each change to them is a single step.
    fn lock(&self) -> MutexGuard<'_, HashMap<Party, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.addresses.lock();
        if let Entry::Occupied(mut connections) = open.entry(self.party) {
            *connections.get_mut() -= 1;
            if *connections.get() == 0 {
                connections.remove();
            }
        }
    }
}

/// An IPv6 host has a whole /64 to itself and could come from a new address each time.
fn party(address: IpAddr) -> Party {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let network = v6.to_bits() & (u128::MAX << 64);
            Ipv6Addr::from_bits(network).into()
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::Addresses;
    use std::net::IpAddr;
    use std::sync::Arc;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn each_address_has_its_own_limit_and_gets_back_what_it_ends() {
        let addresses = Arc::new(Addresses::new(2));
        let first = addresses.count(address("192.0.2.1"));
        let _second = addresses.count(address("192.0.2.1")).expect("a place");
        assert!(addresses.count(address("192.0.2.1")).is_none());
        assert!(addresses.count(address("192.0.2.2")).is_some());
        drop(first);
        assert!(addresses.count(address("192.0.2.1")).is_some());
    }

    #[test]
    fn nothing_is_kept_of_who_has_gone() {
        let addresses = Arc::new(Addresses::new(2));
        drop(addresses.count(address("192.0.2.1")));
        assert!(addresses.lock().is_empty());
    }

    #[test]
    fn an_ipv6_network_counts_as_one_client_and_a_mapped_address_as_what_it_maps() {
        let addresses = Arc::new(Addresses::new(1));
        let _one = addresses.count(address("2001:db8::1")).expect("a place");
        assert!(addresses.count(address("2001:db8::2")).is_none());
        assert!(addresses.count(address("2001:db8:0:1::2")).is_some());
        let _mapped = addresses
            .count(address("::ffff:192.0.2.1"))
            .expect("a place");
        assert!(addresses.count(address("192.0.2.1")).is_none());
    }
}
