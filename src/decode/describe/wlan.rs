//! IEEE 802.11, and the headers that drivers put in front of it.

use super::notation::{
    Item, bits, bytes, characters, flag, hex, little, little_bits, little_flags, little_hex, measure, named,
    named_part, number, part, signed,
};
use super::reader::Reader;
use super::{Value, ethernet::station};

/// A frame of IEEE 802.11: §9.2.4.
pub(super) fn wlan(reader: &mut Reader<'_>) {
    reader
        .read(&[bits(1, &[part("subtype", 4), named_part("frame_type", 2, frame_type), part("version", 2)])]);
    let (kind, subtype) = (reader.last("frame_type"), reader.last("subtype"));
    let name = subtype_name(kind, subtype).unwrap_or("reserved");
    if reader.position() == 1 {
        reader.over("frame", 1, None, Value::Text(String::from(name)), String::from(name));
    }
    reader.read(&[
        bits(
            1,
            &[
                flag("order"),
                flag("protected"),
                flag("more_data"),
                flag("power_management"),
                flag("retry"),
                flag("more_fragments"),
                flag("from_distribution"),
                flag("to_distribution"),
            ],
        ),
        little("duration", 2),
    ]);
    if reader.left() >= 6 {
        station(reader, "receiver");
    }
    if reader.left() >= 6 {
        station(reader, "transmitter");
    }
    if kind == 1 {
        return;
    }
    if reader.left() >= 8 {
        station(reader, "address_3");
        reader.item(little_bits(2, &[part("sequence", 12), part("fragment", 4)]));
    }
    if reader.last("from_distribution") == 1 && reader.last("to_distribution") == 1 && reader.left() >= 6 {
        station(reader, "address_4");
    }
    if kind == 2 && subtype & 8 != 0 && reader.left() >= 2 {
        reader.read(&[
            bits(
                1,
                &[
                    flag("aggregate_present"),
                    part("ack_policy", 2),
                    flag("end_of_service"),
                    part("traffic_id", 4),
                ],
            ),
            hex("qos_control_high", 1),
        ]);
    }
    if kind == 2 && reader.last("order") == 1 && subtype & 8 != 0 && reader.left() >= 4 {
        reader.item(little_hex("ht_control", 4));
    }
    if kind == 2 && reader.last("protected") == 1 && reader.left() >= 8 {
        reader.item(bytes("encryption_header", 8));
    }
}

fn frame_type(value: u64) -> Option<&'static str> {
    ["management", "control", "data", "extension"].get(value as usize).copied()
}

fn subtype_name(kind: u64, subtype: u64) -> Option<&'static str> {
    Some(match (kind, subtype) {
        (0, 0) => "association request",
        (0, 1) => "association response",
        (0, 2) => "reassociation request",
        (0, 3) => "reassociation response",
        (0, 4) => "probe request",
        (0, 5) => "probe response",
        (0, 6) => "timing advertisement",
        (0, 8) => "beacon",
        (0, 9) => "announcement traffic indication",
        (0, 10) => "disassociation",
        (0, 11) => "authentication",
        (0, 12) => "deauthentication",
        (0, 13 | 14) => "action",
        (1, 4) => "beamforming report poll",
        (1, 5) => "null data packet announcement",
        (1, 7) => "control wrapper",
        (1, 8) => "block ack request",
        (1, 9) => "block ack",
        (1, 10) => "PS-poll",
        (1, 11) => "request to send",
        (1, 12) => "clear to send",
        (1, 13) => "ack",
        (1, 14 | 15) => "end of contention-free period",
        (2, 0) => "data",
        (2, 4) => "null",
        (2, 8) => "QoS data",
        (2, 12) => "QoS null",
        (2, 1..=3 | 5..=7 | 9..=11 | 14 | 15) => "data with contention-free control",
        _ => return None,
    })
}

/// What the driver measured. <https://www.radiotap.org/fields/defined>
pub(super) fn radiotap(reader: &mut Reader<'_>) {
    reader.read(&[number("version", 1), hex("pad", 1), little("header_length", 2)]);
    let mut words = Vec::new();
    while reader.left() >= 4 && words.len() < 8 {
        let word = reader.item(little_hex("present", 4)) as u32;
        words.push(word);
        if word >> 31 == 0 {
            break;
        }
    }
    for word in words {
        for bit in 0..29 {
            if word >> bit & 1 == 0 {
                continue;
            }
            // Sizes are known for these alone; what comes behind an unknown one cannot be found.
            let Some((align, items)) = MEASURED.get(bit as usize) else { return };
            reader.bytes("pad", reader.position().next_multiple_of(*align) - reader.position());
            reader.read(items);
        }
        if word >> 29 & 3 != 1 && word >> 31 == 1 {
            return;
        }
    }
}

const FLAGS: &[Item<'_>] = &[little_flags(
    "flags",
    1,
    &[
        flag("short_guard_interval"),
        flag("bad_fcs"),
        flag("data_pad"),
        flag("fcs_at_end"),
        flag("fragmented"),
        flag("wep"),
        flag("short_preamble"),
        flag("contention_free"),
    ],
)];
const CHANNEL: &[Item<'_>] = &[
    little("channel_frequency", 2),
    little_flags(
        "channel_flags",
        2,
        &[
            part("other", 4),
            flag("static_turbo"),
            flag("gfsk"),
            flag("dynamic"),
            flag("passive"),
            flag("5_ghz"),
            flag("2_ghz"),
            flag("ofdm"),
            flag("cck"),
            flag("turbo"),
            part("reserved", 3),
        ],
    ),
];
const RATE: &[Item<'_>] = &[measure("rate", 1, 500, "kbit/s")];
/// What each bit of the presence word stands for: what its first byte is aligned to, and its fields.
const MEASURED: &[(usize, &[Item<'_>])] = &[
    (8, &[little("tsf_timer", 8)]),
    (1, FLAGS),
    (1, RATE),
    (2, CHANNEL),
    (2, &[number("hop_set", 1), number("hop_pattern", 1)]),
    (1, &[signed("signal", "dBm")]),
    (1, &[signed("noise", "dBm")]),
    (2, &[little("lock_quality", 2)]),
    (2, &[little("tx_attenuation", 2)]),
    (2, &[little("tx_attenuation_db", 2)]),
    (1, &[signed("tx_power", "dBm")]),
    (1, &[number("antenna", 1)]),
    (1, &[number("signal_db", 1)]),
    (1, &[number("noise_db", 1)]),
    (2, &[little_hex("rx_flags", 2)]),
    (2, &[little_hex("tx_flags", 2)]),
    (1, &[number("rts_retries", 1)]),
    (1, &[number("data_retries", 1)]),
    (
        4,
        &[
            little_hex("xchannel_flags", 4),
            little("xchannel_frequency", 2),
            number("xchannel", 1),
            number("xchannel_max_power", 1),
        ],
    ),
    (1, &[hex("mcs_known", 1), hex("mcs_flags", 1), number("mcs", 1)]),
    (
        4,
        &[
            little("ampdu_reference", 4),
            little_hex("ampdu_flags", 2),
            hex("ampdu_delimiter_crc", 1),
            hex("ampdu_reserved", 1),
        ],
    ),
    (
        2,
        &[
            little_hex("vht_known", 2),
            hex("vht_flags", 1),
            number("vht_bandwidth", 1),
            bytes("vht_mcs_nss", 4),
            hex("vht_coding", 1),
            number("vht_group", 1),
            little("vht_partial_aid", 2),
        ],
    ),
    (
        8,
        &[
            little("timestamp", 8),
            little("timestamp_accuracy", 2),
            hex("timestamp_unit", 1),
            hex("timestamp_flags", 1),
        ],
    ),
    (2, &[bytes("he", 12)]),
    (2, &[bytes("he_mu", 12)]),
    (2, &[bytes("he_mu_other_user", 6)]),
    (1, &[hex("zero_length_psdu", 1)]),
    (2, &[little_hex("l_sig_known", 2), little_hex("l_sig", 2)]),
];

/// The Prism driver's header: ten measures.
pub(super) fn prism(reader: &mut Reader<'_>) {
    let big_endian = reader.ahead(4).is_some_and(|code| code < 0x1_0000);
    if big_endian {
        reader.read(&[hex("message", 4), number("message_length", 4)]);
    } else {
        reader.read(&[little_hex("message", 4), little("message_length", 4)]);
    }
    reader.item(characters("device", 16));
    let names =
        ["host_time", "mac_time", "channel", "rssi", "quality", "signal", "noise", "rate", "sent", "length"];
    for name in names {
        if reader.left() < 12 {
            return;
        }
        reader.group(name, 12, |r| {
            if big_endian {
                r.read(&[hex("id", 4), number("status", 2), number("value_length", 2), number("value", 4)]);
            } else {
                r.read(&[
                    little_hex("id", 4),
                    little("status", 2),
                    little("value_length", 2),
                    little("value", 4),
                ]);
            }
            r.last_text("value")
        });
    }
}

/// The AVS header, the successor of Prism's.
pub(super) fn avs(reader: &mut Reader<'_>) {
    reader.read(&[
        hex("version", 4),
        number("header_length", 4),
        number("mac_time", 8),
        number("host_time", 8),
        named("phy", 4, |value| {
            let names = [
                "",
                "FHSS 802.11-1997",
                "DSSS 802.11-1997",
                "IR baseband",
                "DSSS 802.11b",
                "PBCC 802.11b",
                "OFDM 802.11g",
                "PBCC 802.11g",
                "OFDM 802.11a",
            ];
            names.get(value as usize).copied().filter(|name| !name.is_empty())
        }),
        number("channel", 4),
        number("rate", 4),
        number("antenna", 4),
        number("priority", 4),
        number("signal_type", 4),
        number("signal", 4),
        number("noise", 4),
        number("preamble", 4),
        number("encoding", 4),
    ]);
}

#[cfg(test)]
mod tests {
    use super::super::Open;
    use super::super::testing::{fields, opened, texts};
    use super::*;

    #[test]
    fn a_qos_data_frame_shows_its_stations_and_sequence() {
        let mut bytes = vec![0x88, 0x01, 0x2c, 0x00];
        bytes.extend([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 0x21, 0x43, 0x06, 0x00]);
        opened(wlan, &bytes, bytes.len());
        let found = fields(wlan, &bytes, bytes.len());
        assert_eq!(texts(&found, "frame"), ["QoS data"]);
        assert_eq!(texts(&found, "frame_type"), ["2 (data)"]);
        assert_eq!(texts(&found, "to_distribution"), ["set"]);
        assert_eq!(texts(&found, "duration"), ["44"]);
        assert_eq!(texts(&found, "transmitter"), ["06:07:08:09:0a:0b"]);
        assert_eq!(texts(&found, "sequence"), ["1074"]);
        assert_eq!(texts(&found, "traffic_id"), ["6"]);
    }

    #[test]
    fn radiotap_fields_are_aligned_to_the_header() {
        // TSFT, flags, rate, channel, signal; a hole of two bytes would stand before an odd channel.
        let mut bytes = vec![0, 0, 25, 0, 0x2f, 0, 0, 0];
        bytes.extend(9u64.to_le_bytes());
        bytes.extend([0x10, 0x02, 0x6c, 0x09, 0xa0, 0x00, 0xb9, 0x00, 0x00]);
        opened(radiotap, &bytes, bytes.len());
        let found = fields(radiotap, &bytes, bytes.len());
        assert_eq!(texts(&found, "tsf_timer"), ["9"]);
        assert_eq!(texts(&found, "flags"), ["0x10 (fcs_at_end)"]);
        assert_eq!(texts(&found, "rate"), ["1000 kbit/s (2)"]);
        assert_eq!(texts(&found, "channel_frequency"), ["2412"]);
        assert_eq!(texts(&found, "signal"), ["-71 dBm"]);
    }

    #[test]
    fn the_drivers_headers_cover_their_bytes() {
        let all: [(Open, usize); 5] = [(wlan, 10), (wlan, 44), (radiotap, 60), (prism, 144), (avs, 64)];
        for (open, len) in all {
            for fill in [0, 0x55, 0xaa, 0xff] {
                opened(open, &vec![fill; len], len);
            }
        }
    }
}
