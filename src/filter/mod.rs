//! The packet filter language of pcap-filter(7): parsed once, then matched on the bytes of each frame.
