//! From the outermost layer of a frame to the innermost: which bytes are whose.

use super::field::{Field, Value};
use super::reader::{Around, Reader};
use super::{ethernet, opener};
use crate::capture::Frame;
use crate::decode::{Layer, Packet};

/// One layer, opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Described {
    /// What it is.
    pub layer: Layer,
    /// It stands in the reassembled datagram, and so do its offsets.
    pub reassembled: bool,
    /// First byte, counted from the start of the frame (or of the reassembled datagram).
    pub offset: u32,
    /// Bytes of its header.
    pub length: u32,
    /// Its fields, in the order of their bytes; what fills a frame up behind its payload comes last.
    pub fields: Vec<Field>,
}

/// Opens the layers of a frame, outermost first: the capture record, every header that was read, and as
/// `data` what they carry. `datagram` is the reassembled datagram that the frame completed.
pub fn layers(frame: &Frame<'_>, packet: &Packet<'_>, datagram: Option<&[u8]>) -> Vec<Described> {
    let mut walk = Walk {
        opened: vec![record(frame)],
        bytes: frame.data,
        around: Around { end: (frame.orig_len as usize).max(frame.data.len()), ..Around::default() },
        inner: 0,
        link: 0,
        reassembled: false,
        whole: frame.data.len() >= frame.orig_len as usize,
        fcs_len: frame.captured_on.fcs_len.map(usize::from),
    };
    if let Some(skipped) =
        packet.layers.first().map(|first| first.offset as usize).filter(|&skipped| skipped > 0)
    {
        walk.before(skipped);
    }
    for (index, at) in packet.layers.iter().enumerate() {
        if let Some(datagram) = datagram.filter(|_| at.in_datagram && !walk.reassembled) {
            walk.bytes = datagram;
            walk.around.end = datagram.len();
            walk.around.fragment = false;
            walk.around.cut = false;
            walk.reassembled = true;
        }
        // What lies between two headers belongs to the first.
        let next = packet.layers.get(index + 1).filter(|next| next.in_datagram == at.in_datagram);
        let gap = next.map_or(0, |next| next.offset.saturating_sub(at.offset));
        walk.open(at.layer, at.offset as usize, at.len.max(gap) as usize);
    }
    walk.payload();
    walk.opened
}

/// What the record says of the frame. Its fields come from no byte of it.
fn record(frame: &Frame<'_>) -> Described {
    let mut fields = Vec::new();
    let mut add = |name, value: Value| {
        let text = value.text();
        fields.push(Field { name, value, text, offset: 0, length: 0, bits: None, depth: 0 });
    };
    add("number", Value::Number(frame.number));
    add("interface", Value::Number(frame.interface.into()));
    add("link_type", Value::Number(frame.linktype.0.into()));
    add("length", Value::Number(frame.orig_len.into()));
    add("captured_length", Value::Number(frame.data.len() as u64));
    let length = frame.data.len() as u32;
    Described { layer: Layer::Frame, reassembled: false, offset: 0, length, fields }
}

/// How far the walk has come.
struct Walk<'a> {
    opened: Vec<Described>,
    bytes: &'a [u8],
    around: Around,
    /// Where the next header begins, as far as the headers so far say.
    inner: usize,
    /// The place in `opened` of the innermost link layer, whose frame has the trailer.
    link: usize,
    reassembled: bool,
    /// All of the frame was captured.
    whole: bool,
    /// Bytes of frame check sequence, where the file says.
    fcs_len: Option<usize>,
}

impl Walk<'_> {
    /// Bytes in front of the first header, which the capturing system put there.
    fn before(&mut self, len: usize) {
        let (Some(bytes), Some(record)) = (self.bytes.get(..len), self.opened.first_mut()) else { return };
        let value = Value::Bytes(bytes.to_vec());
        let (text, length) = (value.text(), len as u32);
        record.fields.push(Field { name: "prefix", value, text, offset: 0, length, bits: None, depth: 0 });
    }

    fn open(&mut self, layer: Layer, offset: usize, len: usize) {
        let end = self.around.end.min(self.bytes.len());
        let input = self.bytes.get(offset..end).unwrap_or(&[]);
        let ended = self.around.end;
        let mut reader = Reader::new(input, len, offset, self.around);
        opener(layer)(&mut reader);
        let (fields, length, around) = reader.finish();
        self.around = around;
        self.inner = offset + length;
        self.opened.push(Described {
            layer,
            reassembled: self.reassembled,
            offset: offset as u32,
            length: length as u32,
            fields,
        });
        if layer == Layer::Ethernet {
            self.link = self.opened.len() - 1;
        }
        if self.around.end < ended {
            self.behind(layer, self.around.end, ended);
        }
    }

    /// Bytes that lie behind what is inside of `layer`, from `start` to `end`: of a datagram they are its
    /// own, else they fill up the frame that it stands in.
    fn behind(&mut self, layer: Layer, start: usize, end: usize) {
        let Some(bytes) = self.bytes.get(start..end.min(self.bytes.len())).filter(|bytes| !bytes.is_empty())
        else {
            return;
        };
        if layer == Layer::Udp || self.link == 0 {
            // RFC 9868: a UDP datagram may be shorter than its packet.
            let name = if layer == Layer::Udp { "surplus" } else { "trailer" };
            let value = Value::Bytes(bytes.to_vec());
            let (text, offset, length) = (value.text(), start as u32, bytes.len() as u32);
            let field = Field { name, value, text, offset, length, bits: None, depth: 0 };
            if let Some(described) = self.opened.last_mut() {
                described.fields.push(field);
            }
            return;
        }
        if let Some(link) = self.opened.get_mut(self.link) {
            let frame = self.bytes.get(link.offset as usize..start + bytes.len()).unwrap_or(&[]);
            let whole = self.whole && start + bytes.len() == self.bytes.len();
            let sequence = self.fcs_len.filter(|_| whole && !self.reassembled);
            link.fields.extend(ethernet::trailer(frame, bytes.len(), start, sequence));
        }
    }

    /// What no layer claimed.
    fn payload(&mut self) {
        let end = self.around.end.min(self.bytes.len());
        let Some(bytes) = self.bytes.get(self.inner..end).filter(|bytes| !bytes.is_empty()) else { return };
        let value = Value::Bytes(bytes.to_vec());
        let (offset, length) = (self.inner as u32, bytes.len() as u32);
        let field = Field { name: "data", text: value.text(), value, offset, length, bits: None, depth: 0 };
        let (layer, reassembled) = (Layer::Data, self.reassembled);
        self.opened.push(Described { layer, reassembled, offset, length, fields: vec![field] });
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_covered, texts};
    use super::*;
    use crate::capture::{Clock, Interface, LinkType};
    use crate::decode;

    static INTERFACE: Interface =
        Interface { linktype: LinkType::ETHERNET, snaplen: 0, clock: Clock::MICROS, fcs_len: None };

    fn frame(data: &[u8]) -> Frame<'_> {
        Frame {
            number: 7,
            file: 0,
            file_number: 7,
            at: None,
            fine_clock: false,
            linktype: LinkType::ETHERNET,
            section: 0,
            interface: 0,
            orig_len: data.len() as u32,
            data,
            raw_at: None,
            options: &[],
            big_endian: false,
            captured_on: &INTERFACE,
        }
    }

    fn opened(data: &[u8]) -> Vec<Described> {
        let frame = frame(data);
        let mut packet = Packet::default();
        decode::frame(&frame, &mut packet);
        layers(&frame, &packet, None)
    }

    /// An ACK of 40 bytes in a frame padded to 60.
    fn padded() -> Vec<u8> {
        let mut bytes = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
        bytes.extend([0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        bytes.extend([0, 80, 4, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x10, 1, 0, 0, 0, 0, 0]);
        bytes.extend([0; 6]);
        bytes
    }

    #[test]
    fn a_frame_opens_from_the_record_to_the_segment() {
        let opened = opened(&padded());
        let shown: Vec<_> = opened.iter().map(|d| (d.layer, d.offset, d.length)).collect();
        assert_eq!(
            shown,
            [(Layer::Frame, 0, 60), (Layer::Ethernet, 0, 14), (Layer::Ipv4, 14, 20), (Layer::Tcp, 34, 20)]
        );
        assert_eq!(texts(&opened[0].fields, "number"), ["7"]);
        assert_eq!(texts(&opened[1].fields, "padding"), ["000000000000"]);
        for described in &opened[2..] {
            assert_covered(&described.fields, described.offset as usize, described.length as usize);
        }
    }

    #[test]
    fn what_no_header_claims_is_data() {
        let mut bytes = padded();
        bytes[17] = 43;
        let opened = opened(&bytes);
        assert_eq!(opened.last().map(|d| (d.layer, d.offset, d.length)), Some((Layer::Data, 54, 3)));
        assert_eq!(texts(&opened[1].fields, "padding"), ["000000"]);
    }

    #[test]
    fn every_prefix_of_a_frame_opens() {
        let bytes = padded();
        for len in 0..bytes.len() {
            let cut = Frame { orig_len: bytes.len() as u32, ..frame(&bytes[..len]) };
            let mut packet = Packet::default();
            decode::frame(&cut, &mut packet);
            let opened = layers(&cut, &packet, None);
            let last = opened.last().map(|d| (d.offset + d.length) as usize);
            assert!(last.is_some_and(|last| last >= len.min(54)), "{len}: {opened:?}");
        }
    }
}
