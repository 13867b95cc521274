//! Positions are put aside as what they are from [`FIRST`]: that is a few bytes.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::FIRST;

pub(super) fn serialize<S: Serializer>(position: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    position.wrapping_sub(FIRST).cast_signed().serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    i64::deserialize(deserializer).map(|distance| distance.cast_unsigned().wrapping_add(FIRST))
}
