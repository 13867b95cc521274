//! Who is the client where no handshake tells.

use super::{Direction, Key};

/// The direction in which the client probably sends: away from a well-known port, else away from one that looks
/// like a listener's, else as the first packet went.
pub fn guess_client(key: &Key, first_sender: Direction) -> Direction {
    let ((_, first), (_, second)) = (key.first(), key.second());
    match rank(first).cmp(&rank(second)) {
        std::cmp::Ordering::Greater => Direction::Forward,
        std::cmp::Ordering::Less => Direction::Reverse,
        std::cmp::Ordering::Equal => first_sender,
    }
}

/// How unlikely it is that a server listens on `port`: 0 well known, 1 registered and often used, 2 registered,
/// 3 from the dynamic range. RFC 6335 §6
fn rank(port: u16) -> u8 {
    const LISTENERS: [u16; 31] = [
        1080, 1194, 1433, 1521, 1701, 1723, 1812, 1813, 1883, 1900, 1935, 2049, 2123, 2152, 3128, 3260, 3306,
        3389, 3478, 3868, 4789, 5060, 5222, 5353, 5432, 5671, 5672, 6379, 8080, 8443, 9092,
    ];
    match port {
        0..1024 => 0,
        _ if LISTENERS.binary_search(&port).is_ok() => 1,
        1024..32768 => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Address;

    #[test]
    fn the_server_has_the_port_that_looks_like_a_listeners() {
        use Direction::{Forward, Reverse};
        let cases = [
            (40000, 53, Forward, Forward),
            (40000, 53, Reverse, Forward),
            (53, 40000, Forward, Reverse),
            (8080, 20000, Forward, Reverse),
            (50000, 50001, Reverse, Reverse),
            (53, 123, Forward, Forward),
        ];
        for (first, second, spoke, expected) in cases {
            let (key, direction) =
                Key::new(17, (Address::v4([10, 0, 0, 1]), first), (Address::v4([10, 0, 0, 2]), second));
            assert_eq!(direction, Forward);
            assert_eq!(guess_client(&key, spoke), expected, "{first} {second} {spoke:?}");
        }
    }
}
