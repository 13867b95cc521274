//! Damage: bits flipped, ends cut off, files spliced, length fields changed. The same for the same numbers everywhere.

use super::random::Random;

/// Damages `bytes` one to four times; `other` is what pieces are taken from.
pub fn mutate(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    for _ in 0..=random.below(3) {
        match random.below(6) {
            0 | 1 => flip(bytes, random),
            2 => bytes.truncate(random.below(bytes.len() as u64 + 1) as usize),
            3 => splice(bytes, other, random),
            4 => length(bytes, random),
            _ => repeat(bytes, random),
        }
    }
}

/// Up to sixteen bits anywhere.
fn flip(bytes: &mut [u8], random: &mut Random) {
    for _ in 0..=random.below(15) {
        let at = random.below(bytes.len() as u64) as usize;
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= 1 << random.below(8);
        }
    }
}

/// The beginning of one, the end of the other.
fn splice(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    bytes.truncate(random.below(bytes.len() as u64 + 1) as usize);
    let from = random.below(other.len() as u64 + 1) as usize;
    bytes.extend(&other[from..]);
}

/// Two or four bytes become a number that a length field should not hold.
fn length(bytes: &mut [u8], random: &mut Random) {
    const NUMBERS: [u32; 10] = [0, 1, 3, 0x7f, 0xff, 0xffff, 0x1_0000, 0x7fff_ffff, 0xffff_fff0, 0xffff_ffff];
    let number = NUMBERS[random.below(NUMBERS.len() as u64) as usize];
    let width = 2 << random.below(2);
    let written = if random.once_in(2) { number.to_be_bytes() } else { number.to_le_bytes() };
    let at = random.below(bytes.len() as u64) as usize;
    if let Some(field) = bytes.get_mut(at..at + width) {
        field.copy_from_slice(&written[..width]);
    }
}

/// A piece of up to 300 bytes once more, behind itself.
fn repeat(bytes: &mut Vec<u8>, random: &mut Random) {
    let from = random.below(bytes.len() as u64 + 1) as usize;
    let piece = bytes[from..(from + random.below(300) as usize).min(bytes.len())].to_vec();
    bytes.splice(from..from, piece);
}
