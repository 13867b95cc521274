//! Relations between computed numbers: a header that is looked into brings the test that the frame has it, unless it
//! stands to the right of an operator.

use super::{Base, Condition, How, Lowering, Refused, all, maybe_not};
use crate::filter::program::{At, Value};
use crate::filter::syntax::{Arithmetic, Operator, Protocol};

impl Lowering {
    pub(super) fn relation(
        &mut self,
        left: &Arithmetic,
        how: How,
        right: &Arithmetic,
        negated: bool,
    ) -> Result<Condition, Refused> {
        let mut guards = Vec::new();
        let left = self.value(left, &mut guards)?;
        let right = self.value(right, &mut guards)?;
        guards.push(maybe_not(compare(left, how, right), negated));
        Ok(all(guards))
    }

    fn value(&mut self, arithmetic: &Arithmetic, guards: &mut Vec<Condition>) -> Result<Value, Refused> {
        Ok(match arithmetic {
            Arithmetic::Number(number) => Value::Number(*number),
            Arithmetic::Length => Value::Length,
            Arithmetic::Negative(inner) => match self.value(inner, guards)? {
                Value::Number(number) => Value::Number(number.wrapping_neg()),
                inner => Value::Negative(Box::new(inner)),
            },
            Arithmetic::Binary(operator, left, right) => {
                // libpcap lets only the left operand bring its test, and so does this.
                let (left, right) = (self.value(left, guards)?, self.value(right, &mut Vec::new())?);
                match (&left, &right) {
                    (Value::Number(a), Value::Number(b)) if operator.apply(*a, *b).is_some() => {
                        Value::Number(operator.apply(*a, *b).unwrap_or(0))
                    }
                    _ => Value::Binary(*operator, Box::new(left), Box::new(right)),
                }
            }
            Arithmetic::Load { header, index, size } => {
                let mut inner = Vec::new();
                let index = self.value(index, &mut inner)?;
                let base = self.guards(*header, inner, guards)?;
                match index {
                    Value::Number(index) => {
                        Value::Load { at: self.moved(base, index), index: None, size: *size }
                    }
                    index => Value::Load { at: self.at(base, 0), index: Some(Box::new(index)), size: *size },
                }
            }
        })
    }

    /// The place `index` bytes behind `base`; behind a header of varying length it must not wrap around.
    fn moved(&mut self, base: Base, index: u32) -> At {
        match self.at(base, 0) {
            At::Frame(at) => At::Frame(at.wrapping_add(index)),
            At::Register { register, base, .. } => At::Register { register, base, index },
            At::Ipv4Payload { register, base, .. } => At::Ipv4Payload { register, base, index },
        }
    }

    /// Adds what must hold for the bytes of `header` to be there, and says where they are.
    fn guards(
        &mut self,
        header: Protocol,
        inner: Vec<Condition>,
        guards: &mut Vec<Condition>,
    ) -> Result<Base, Refused> {
        use Protocol::*;
        match header {
            Radio => {
                if self.header.register.is_none() {
                    return Err("`radio` is only where a radio header precedes IEEE 802.11".into());
                }
                guards.extend(inner);
                Ok(Base::Frame)
            }
            Link => {
                guards.extend(inner);
                Ok(Base::Link)
            }
            Sctp | Tcp | Udp | Icmp | Igmp | Igrp | Pim | Vrrp | Carp => {
                guards.push(self.linktype(0x0800)?);
                guards.extend(inner);
                guards.push(self.protocol(header)?);
                guards.push(self.first_fragment());
                Ok(Base::Ipv4Payload)
            }
            Icmp6 => {
                guards.extend(inner);
                guards.push(self.linktype(0x86dd)?);
                guards.push(self.test(Base::Network, 6, 1, 58));
                Ok(Base::Ipv6Payload)
            }
            _ => {
                guards.extend(inner);
                guards.push(self.protocol(header)?);
                Ok(Base::Network)
            }
        }
    }
}

/// A relation, as one masked test where it is one.
fn compare(left: Value, how: How, right: Value) -> Condition {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => Condition::Always(how.holds(left, right)),
        (Value::Load { at, index: None, size }, Value::Number(value)) => {
            Condition::Test { at, size, mask: u32::MAX, how, value }
        }
        (Value::Binary(Operator::And, masked, mask), Value::Number(value)) => match (*masked, *mask) {
            (Value::Load { at, index: None, size }, Value::Number(mask))
            | (Value::Number(mask), Value::Load { at, index: None, size }) => {
                Condition::Test { at, size, mask, how, value }
            }
            (masked, mask) => Condition::Relation {
                left: Value::Binary(Operator::And, Box::new(masked), Box::new(mask)),
                how,
                right: Value::Number(value),
            },
        },
        (left, right) => Condition::Relation { left, how, right },
    }
}
