//! Fragments: in any order, cut anywhere, repeated: the datagram is what was cut up; and any fragments stay within bounds.

use arbitrary::{Result, Unstructured};
use flowray::decode::{Address, Fragment, FragmentLimits, Network, Reassembler};
use flowray::time::{Span, Timestamp};

pub fn check(bytes: &[u8]) {
    let _ = whole(&mut Unstructured::new(bytes));
    let _ = any(&mut Unstructured::new(bytes));
}

const NETWORK: Network = Network {
    source: Address::v4([10, 0, 0, 1]),
    destination: Address::v4([10, 0, 0, 2]),
    protocol: 17,
    ttl: 64,
    tos: 0,
    id: Some(7),
    header_len: 20,
};

fn whole(from: &mut Unstructured<'_>) -> Result<()> {
    let mut cuts: Vec<usize> =
        from.arbitrary::<Vec<u8>>()?.into_iter().map(|unit| usize::from(unit) * 8).collect();
    let seed: u64 = from.arbitrary()?;
    let payload: Vec<u8> =
        (0..from.int_in_range(1..=2040)?).map(|place: u32| (place * 7 + 3) as u8).collect();
    cuts.extend([0, payload.len()]);
    cuts.retain(|&cut| cut <= payload.len());
    cuts.sort_unstable();
    cuts.dedup();
    let mut parts: Vec<(usize, usize)> = cuts.windows(2).map(|pair| (pair[0], pair[1])).collect();
    let mut random = crate::support::random::Random(seed);
    random.shuffle(&mut parts);
    let mut reassembler = Reassembler::new(FragmentLimits::default());
    for (place, &(start, end)) in parts.iter().enumerate() {
        let fragment = fragment(7, start, end < payload.len(), &payload[start..end]);
        let last = place + 1 == parts.len();
        if !last && random.once_in(3) {
            assert!(reassembler.add(&NETWORK, &fragment, Timestamp::from_nanos(place as i64), 1).is_none());
        }
        let got = reassembler.add(&NETWORK, &fragment, Timestamp::from_nanos(place as i64), 1);
        assert_eq!(got.is_some(), last, "complete at fragment {place} of {}", parts.len());
        if let Some(datagram) = got {
            assert_eq!(datagram.bytes, payload);
            assert_eq!(datagram.protocol, 17);
        }
    }
    assert_eq!(reassembler.open(), 0);
    Ok(())
}

fn any(from: &mut Unstructured<'_>) -> Result<()> {
    let limits = FragmentLimits { datagrams: 4, bytes: 8192, fragments: 16, timeout: Span::from_secs(5) };
    let mut reassembler = Reassembler::new(limits);
    let mut given = 0;
    while !from.is_empty() && given < 500 {
        let (id, offset, more): (u8, u16, bool) =
            (from.int_in_range(0..=7)?, from.arbitrary()?, from.arbitrary()?);
        let at = Timestamp::from_nanos(i64::from(from.arbitrary::<i32>()?) * 1000);
        let len = usize::from(from.arbitrary::<u8>()?).min(from.len());
        let bytes = from.bytes(len)?;
        if let Some(datagram) =
            reassembler.add(&NETWORK, &fragment(id.into(), usize::from(offset >> 3) * 8, more, bytes), at, 1)
        {
            assert!(datagram.bytes.len() <= 65_535);
        }
        given += 1;
        assert!(reassembler.open() <= limits.datagrams);
        assert_eq!(reassembler.counts().fragments, given);
    }
    Ok(())
}

fn fragment(id: u32, offset: usize, more: bool, bytes: &[u8]) -> Fragment<'_> {
    Fragment { protocol: 17, id, offset: offset as u32, more, bytes, len: bytes.len() as u32 }
}
