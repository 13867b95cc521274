//! Compressed forms that hold the bytes as they are: the same whatever the version of a compressor.

/// gzip (RFC 1952) with stored blocks: the same bytes whatever the compressor.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x01".to_vec();
    packed.extend((bytes.len() as u16).to_le_bytes());
    packed.extend((!(bytes.len() as u16)).to_le_bytes());
    packed.extend(bytes);
    packed.extend(crc32(bytes).to_le_bytes());
    packed.extend((bytes.len() as u32).to_le_bytes());
    packed
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    })
}

/// zstd (RFC 8878) with one raw block.
pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut packed = vec![0x28, 0xb5, 0x2f, 0xfd, 0xa0];
    packed.extend((bytes.len() as u32).to_le_bytes());
    packed.extend(&((bytes.len() as u32) << 3 | 1).to_le_bytes()[..3]);
    packed.extend(bytes);
    packed
}

/// An lz4 frame with one stored block.
pub fn lz4(bytes: &[u8]) -> Vec<u8> {
    let mut packed = vec![0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82];
    packed.extend((1 << 31 | bytes.len() as u32).to_le_bytes());
    packed.extend(bytes);
    packed.extend([0; 4]);
    packed
}
