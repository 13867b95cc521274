//! Community ID flow hash, version 1, seed 0: joins flows with Zeek, Suricata and Arkime.
//! <https://github.com/corelight/community-id-spec>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use super::Key;

/// The Community ID of a flow, as in `1:LQU9qZlK+B5F3KDmev6m5PMibrg=`.
pub fn community_id(key: &Key) -> String {
    let mut hash = Sha1::new();
    hash.update([0, 0]);
    for (address, _) in [key.first(), key.second()] {
        let len = if address.is_v6() { 16 } else { 4 };
        hash.update(address.bytes().get(..len).unwrap_or_default());
    }
    hash.update([key.protocol(), 0]);
    if matches!(key.protocol(), 1 | 6 | 17 | 58 | 132) {
        hash.update(key.first().1.to_be_bytes());
        hash.update(key.second().1.to_be_bytes());
    }
    format!("1:{}", STANDARD.encode(hash.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Address;

    #[test]
    fn agrees_with_the_specification() {
        let end = |last, port| (Address::v4(last), port);
        let (key, _) = Key::new(6, end([128, 232, 110, 120], 34855), end([66, 35, 250, 204], 80));
        assert_eq!(community_id(&key), "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
    }
}
