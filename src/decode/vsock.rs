//! Virtual sockets between a virtual machine and its host, as Linux captures them.

use super::walk::{At, Step};
use super::{Layer, Packet};

/// Addresses and ports of both ends, operation, transport and its own header.
pub(super) fn vsock<'a>(at: At<'a>, packet: &mut Packet<'a>) -> Step<'a> {
    at.header::<32>(Layer::Vsock, packet)?;
    packet.push(Layer::Vsock, at.offset, 32);
    None
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn one_header_with_all_of_it() {
        let header = bytes(
            "02 00 00 00 00 00 00 00  03 00 00 00 00 00 00 00 | from the host to guest 3
             00 04 00 00  d2 04 00 00                         | ports
             01 00  02 00  00 00  00 00                       | connect, virtio, length",
        );
        reads(271, &header, "vsock");
    }
}
