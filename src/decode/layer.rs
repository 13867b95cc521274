//! The kinds of layers, with their names and their place in the OSI model.

/// Declares the layers: variant, short name, OSI layer, full name.
macro_rules! layers {
    ($($variant:ident $name:literal $osi:literal $full:literal;)*) => {
        /// A kind of layer.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[repr(u8)]
        pub enum Layer { $(#[doc = $full] $variant,)* }

        impl Layer {
            /// The short name, as tshark's `frame.protocols` has it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The layer of the OSI model, 1 to 7.
            pub const fn osi(self) -> u8 {
                match self { $(Self::$variant => $osi,)* }
            }

            /// The name for people.
            pub const fn full_name(self) -> &'static str {
                match self { $(Self::$variant => $full,)* }
            }
        }
    };
}

layers! {
    Frame "frame" 1 "Capture record";
    Ethernet "eth" 2 "Ethernet";
    EtherType "ethertype" 2 "EtherType";
    Arp "arp" 3 "Address Resolution Protocol";
    Ipv4 "ip" 3 "Internet Protocol version 4";
    Ipv6 "ipv6" 3 "Internet Protocol version 6";
    Icmp "icmp" 3 "Internet Control Message Protocol";
    Icmpv6 "icmpv6" 3 "Internet Control Message Protocol for IPv6";
    Tcp "tcp" 4 "Transmission Control Protocol";
    Udp "udp" 4 "User Datagram Protocol";
    Data "data" 7 "Data";
}
