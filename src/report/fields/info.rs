//! `info`: one row a file, as capinfos tells it.

use crate::capture::{Compression, FileInfo, Format, InterfaceInfo, SectionInfo};
use crate::report::schema::{Family, Kind, Paint, Schema, Spec};
use crate::report::{Decimal, Value};

/// Rows that are input files, read to their end.
pub enum Files {}

impl Family for Files {
    type Row<'a> = FileInfo;
}

type Field = Spec<Files>;

/// The fields of `info`.
pub static INFO: Schema<Files> =
    Schema { command: "info", row: "a capture file", groups: &[FILE, PACKETS, TIME, ORIGIN, ODDITIES] };

static FILE: &[Field] = &[
    Field::one("file", Kind::Text, "The file, - for standard input.", |row| {
        Value::Bytes(row.path.as_os_str().as_encoded_bytes().into())
    })
    .rank(9),
    Field::one("format", Kind::Text, "pcap, pcap-modified, pcapng or snoop.", |row| {
        format(row.format).into()
    })
    .rank(9),
    Field::one("version", Kind::Text, "Version of the format.", |row| {
        row.sections.first().map(|section| format!("{}.{}", section.version.0, section.version.1)).into()
    })
    .rank(9),
    Field::one("byte_order", Kind::Text, "big, little, or mixed where sections differ.", |row| {
        byte_order(row).into()
    })
    .rank(9),
    Field::one("compression", Kind::Text, "gzip, zstd or lz4; null for none.", |row| {
        row.compression.map(compression).into()
    })
    .rank(9),
    Field::one("file_bytes", Kind::Bytes, "Size on the disk; null for a pipe.", |row| row.size.into())
        .rank(9),
    Field::one(
        "capture_bytes",
        Kind::Bytes,
        "Size of the capture, decompressed, up to the last whole record.",
        |row| row.bytes.into(),
    )
    .rank(9),
    Field::one("sections", Kind::Count, "Sections.", |row| (row.sections.len() as u64).into()),
    Field::one(
        "interfaces",
        Kind::Texts,
        "Interfaces, by name or number; null where the format has none.",
        |row| {
            if row.format != Format::Pcapng {
                return Value::Null;
            }
            let name = |(index, one): (usize, &InterfaceInfo)| {
                one.name.clone().unwrap_or_else(|| format!("{index}"))
            };
            Value::list(row.interfaces().enumerate().map(name))
        },
    )
    .rank(9),
    Field::one("link_types", Kind::Numbers, "Link types, by the numbers of the LINKTYPE registry.", |row| {
        Value::list(row.linktypes().into_iter().map(|(linktype, _)| linktype.0))
    })
    .rank(9),
    Field::one(
        "snap_length_bytes",
        Kind::Bytes,
        "The largest snap length; null where packets are not limited.",
        |row| {
            let longest = row.interfaces().map(|one| one.interface.snaplen).max();
            longest.filter(|&longest| longest > 0).into()
        },
    )
    .rank(9),
];

static PACKETS: &[Field] = &[
    Field::one("packets", Kind::Count, "Packets.", |row| row.packets.into()).rank(9),
    Field::one("captured_bytes", Kind::Bytes, "Bytes captured of them.", |row| row.captured_bytes.into())
        .rank(9),
    Field::one("wire_bytes", Kind::Bytes, "Their length on the wire.", |row| row.wire_bytes.into()).rank(9),
    Field::one("mean_packet_bytes", Kind::Bytes, "Their mean length on the wire.", |row| {
        row.wire_bytes.saturating_add(row.packets / 2).checked_div(row.packets).into()
    })
    .rank(9),
    Field::one("packets_per_second", Kind::Rate, "Packets divided by the duration.", |row| {
        rate(row, row.packets, 1).map(|rate| Decimal { mantissa: rate, digits: 3 }).into()
    })
    .rank(9),
    Field::one("wire_bps", Kind::BitsPerSecond, "Bits on the wire divided by the duration.", |row| {
        rate(row, row.wire_bytes, 8).map(|rate| rate.unsigned_abs() / 1000).into()
    })
    .rank(9),
];

static TIME: &[Field] = &[
    Field::one("start_s", Kind::Instant, "Least time of its packets.", |row| {
        Value::instant(row.earliest, row.has_fine_clock())
    })
    .rank(9),
    Field::one("end_s", Kind::Instant, "Greatest time of its packets.", |row| {
        Value::instant(row.latest, row.has_fine_clock())
    })
    .rank(9),
    Field::one("duration_s", Kind::Seconds, "From start to end.", |row| {
        Value::span(row.latest.zip(row.earliest).map(|(end, start)| end.since(start)), row.has_fine_clock())
    })
    .rank(9),
    Field::one(
        "overlap_s",
        Kind::Seconds,
        "How far it begins before the file read before it ended.",
        |row| Value::span(row.overlap, row.has_fine_clock()),
    )
    .rank(1),
];

static ORIGIN: &[Field] = &[
    Field::one("hardware", Kind::Text, "The machine that captured.", |row| {
        section(row, |section| section.hardware.as_deref())
    })
    .rank(9),
    Field::one("os", Kind::Text, "Its operating system.", |row| {
        section(row, |section| section.os.as_deref())
    })
    .rank(9),
    Field::one("application", Kind::Text, "The program that wrote the file.", |row| {
        section(row, |section| section.application.as_deref())
    })
    .rank(9),
    Field::one("filters", Kind::Texts, "Capture filters of the interfaces.", |row| {
        Value::list(row.interfaces().filter_map(|one| one.filter.as_deref()))
    })
    .rank(9),
    Field::one("comments", Kind::Texts, "Comments on sections and interfaces.", |row| {
        let sections = row.sections.iter().flat_map(|section| &section.comments);
        let interfaces = row.interfaces().flat_map(|one| &one.comments);
        Value::list(sections.chain(interfaces).map(String::as_str))
    })
    .rank(9),
    Field::one("packet_comments", Kind::Count, "Comments on packets.", |row| row.notes.comments.into())
        .rank(9),
];

static ODDITIES: &[Field] = &[
    Field::one("dropped_packets", Kind::Count, "Packets that the capture lost, where the file says.", |row| {
        row.drops().into()
    })
    .rank(9)
    .paint(Paint::Loss),
    Field::one("cut_packets", Kind::Count, "Packets of which less was captured than was on the wire.", |row| {
        row.notes.cut.into()
    })
    .rank(9),
    Field::one("time_backwards_packets", Kind::Count, "Packets earlier than the one before.", |row| {
        row.notes.time_backwards.into()
    })
    .rank(9),
    Field::one("untimed_packets", Kind::Count, "Packets without a time.", |row| row.notes.untimed.into()).rank(9),
    Field::one(
        "odd_packets",
        Kind::Count,
        "Packets whose record contradicts itself: longer than the snap length or than its own original length, or a \
         fraction beyond its second.",
        |row| {
            let notes = row.notes;
            let lengths = notes.captured_beyond_length.saturating_add(notes.captured_beyond_snaplen);
            lengths.saturating_add(notes.fraction_beyond_second).into()
        },
    )
    .rank(9),
];

/// `amount` times `by` a second, in thousandths; `None` where there is no duration.
fn rate(row: &FileInfo, amount: u64, by: u64) -> Option<i64> {
    let nanos = row.latest?.since(row.earliest?).as_nanos();
    let nanos = u128::try_from(nanos).ok().filter(|&nanos| nanos > 0)?;
    i64::try_from(u128::from(amount) * u128::from(by) * 1_000_000_000_000 / nanos).ok()
}

fn section(row: &FileInfo, of: for<'r> fn(&'r SectionInfo) -> Option<&'r str>) -> Value<'_> {
    row.sections.iter().find_map(of).into()
}

fn byte_order(row: &FileInfo) -> Option<&'static str> {
    let first = row.sections.first()?.big_endian;
    Some(match row.sections.iter().all(|section| section.big_endian == first) {
        false => "mixed",
        true if first => "big",
        true => "little",
    })
}

/// The name of a format.
pub const fn format(format: Format) -> &'static str {
    match format {
        Format::Pcap => "pcap",
        Format::PcapModified => "pcap-modified",
        Format::Pcapng => "pcapng",
        Format::Snoop => "snoop",
    }
}

/// The name of a compression.
pub const fn compression(compression: Compression) -> &'static str {
    match compression {
        Compression::Gzip => "gzip",
        Compression::Zstd => "zstd",
        Compression::Lz4 => "lz4",
    }
}
