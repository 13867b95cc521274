//! Classic pcap: a file header and records with two words of time and two of length.

use std::io::Write;

use super::Refused;
use crate::capture::{Clock, Frame, Interface, LinkType};

/// draft-ietf-opsawg-pcap §4: the magic numbers for microseconds and for nanoseconds.
const MICROS: u32 = 0xa1b2_c3d4;
const NANOS: u32 = 0xa1b2_3c4d;
/// What libpcap takes for no limit.
const NO_SNAPLEN: u32 = 262_144;

/// What the file's header says, once it is written.
#[derive(Debug, Default)]
pub(super) struct Classic {
    header: Option<Header>,
}

#[derive(Clone, Copy, Debug)]
struct Header {
    linktype: LinkType,
    fine: bool,
}

impl Classic {
    pub fn frame(&mut self, out: &mut impl Write, frame: &Frame<'_>) -> Result<(), Refused> {
        let header = match self.header {
            Some(header) => header,
            None => self.begin(out, *frame.captured_on)?,
        };
        if frame.linktype != header.linktype {
            return Err(Refused::Format("its frames have several link types"));
        }
        if frame.fine_clock && !header.fine {
            return Err(Refused::Format(
                "the times of its first frames are in microseconds, and of later ones in nanoseconds",
            ));
        }
        let (seconds, fraction) = time(frame, header.fine)?;
        let (captured, len) = (frame.data.len() as u32, frame.orig_len);
        let mut record = [0; 16];
        for (field, value) in record.chunks_exact_mut(4).zip([seconds, fraction, captured, len]) {
            field.copy_from_slice(&value.to_le_bytes());
        }
        out.write_all(&record)?;
        out.write_all(frame.data)?;
        Ok(())
    }

    /// Writes the header of a file without frames.
    pub fn finish(&mut self, out: &mut impl Write, first: Option<Interface>) -> Result<(), Refused> {
        let default =
            Interface { linktype: LinkType::ETHERNET, snaplen: 0, clock: Clock::MICROS, fcs_len: None };
        match self.header {
            Some(_) => Ok(()),
            None => self.begin(out, first.unwrap_or(default)).map(|_| ()),
        }
    }

    fn begin(&mut self, out: &mut impl Write, interface: Interface) -> Result<Header, Refused> {
        let header = Header { linktype: interface.linktype, fine: interface.clock.is_fine() };
        let snaplen = if interface.snaplen == 0 { NO_SNAPLEN } else { interface.snaplen };
        // The frame check sequence is in the upper bits of the link type: its length in two-byte units, and that it is known.
        let fcs = interface.fcs_len.map_or(0, |len| 0x0400_0000 | u32::from(len / 2) << 28);
        out.write_all(&(if header.fine { NANOS } else { MICROS }).to_le_bytes())?;
        out.write_all(&[2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0])?;
        out.write_all(&snaplen.to_le_bytes())?;
        out.write_all(&(u32::from(header.linktype.0) | fcs).to_le_bytes())?;
        self.header = Some(header);
        Ok(header)
    }
}

/// Seconds and the fraction in the file's unit; as the record has them where it has the same unit.
fn time(frame: &Frame<'_>, fine: bool) -> Result<(u32, u32), Refused> {
    let unit = if fine { Clock::NANOS } else { Clock::MICROS };
    match (frame.raw_at, frame.at) {
        (Some(raw), _) if frame.captured_on.clock == unit => Ok(((raw >> 32) as u32, raw as u32)),
        (None, _) => Ok((0, 0)),
        (Some(_), None) => Err(Refused::Format("it has times beyond the year 2262")),
        (Some(_), Some(at)) => {
            let nanos = at.as_nanos();
            let seconds = u32::try_from(nanos.div_euclid(1_000_000_000));
            let fraction = nanos.rem_euclid(1_000_000_000) as u32;
            let seconds = seconds.map_err(|_| Refused::Format("it has times before 1970 or after 2106"))?;
            Ok((seconds, if fine { fraction } else { fraction / 1000 }))
        }
    }
}
