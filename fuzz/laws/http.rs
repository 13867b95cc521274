//! HTTP: the same messages and bodies, however the bytes are cut into segments.

use flowray::app::http::{Connection, Exchange, Head, Limits, Side, Sink};
use flowray::tcp::Moment;
use flowray::time::Timestamp;

/// The two sides speak in turn: the byte 0xff changes the side.
pub fn check(bytes: &[u8]) {
    let whole = hear(bytes, usize::MAX);
    for step in [1, 7] {
        assert_eq!(hear(bytes, step), whole, "segments of {step} bytes");
    }
    let requests = whole.exchanges.iter().filter(|exchange| exchange.request.is_some()).count();
    assert!(requests <= bytes.len());
}

#[derive(Debug, Default, PartialEq)]
struct Heard {
    exchanges: Vec<Exchange>,
    bodies: Vec<(u64, bool, Vec<u8>)>,
}

impl Sink for Heard {
    fn body(&mut self, number: u64, side: Side, _head: &Head, bytes: &[u8]) {
        let request = side == Side::Request;
        match self.bodies.last_mut() {
            Some((last, of, body)) if (*last, *of) == (number, request) => body.extend(bytes),
            _ => self.bodies.push((number, request, bytes.to_vec())),
        }
    }

    fn exchange(&mut self, exchange: Exchange) {
        self.exchanges.push(exchange);
    }
}

fn hear(bytes: &[u8], step: usize) -> Heard {
    let moment = Moment { at: Timestamp::from_nanos(0), number: 1 };
    let mut heard = Heard::default();
    let mut connection = Connection::new(Limits { head: 512, waiting: 8, keep_heads: true }, None);
    let sides = [Side::Request, Side::Response];
    for (turn, said) in bytes.split(|&byte| byte == 0xff).enumerate() {
        for part in said.chunks(step.min(said.len().max(1))) {
            connection.on_data(sides[turn % 2], part, moment, &mut heard);
        }
    }
    connection.on_fin(Side::Request, &mut heard);
    connection.on_fin(Side::Response, &mut heard);
    connection.finish(&mut heard);
    heard
}
