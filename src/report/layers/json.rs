//! Opened layers as JSON.

use crate::decode::describe::{Described, Field, Value, hardware, hexadecimal};
use crate::report::escape;

/// Appends the list of layers, outermost first.
pub(super) fn write(layers: &[Described], out: &mut Vec<u8>) {
    list(layers, out, |layer, out| {
        put(
            out,
            &format!(
                "{{\"name\":\"{}\",\"osi\":{},\"offset\":{},\"length\":{},\"reassembled\":{},\"fields\":",
                layer.layer.name(),
                layer.layer.osi(),
                layer.offset,
                layer.length,
                layer.reassembled
            ),
        );
        list(&layer.fields, out, field);
        out.push(b'}');
    });
}

fn field(field: &Field, out: &mut Vec<u8>) {
    put(out, &format!("{{\"name\":\"{}\",\"value\":", field.name));
    value(&field.value, out);
    put(out, ",\"text\":");
    escape::json(field.text.as_bytes(), out);
    put(out, &format!(",\"offset\":{},\"length\":{},\"bits\":", field.offset, field.length));
    match field.bits {
        Some((first, count)) => put(out, &format!("[{first},{count}]}}")),
        None => put(out, "null}"),
    }
}

fn value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Bool(set) => put(out, &set.to_string()),
        Value::Number(number) => put(out, itoa::Buffer::new().format(*number)),
        Value::Signed(number) => put(out, itoa::Buffer::new().format(*number)),
        Value::Address(address) => put(out, &format!("\"{address}\"")),
        Value::Hardware(bytes) => put(out, &format!("\"{}\"", hardware(bytes))),
        Value::Bytes(bytes) => put(out, &format!("\"{}\"", hexadecimal(bytes))),
        Value::Characters(bytes) => escape::json(bytes, out),
        Value::Text(text) => escape::json(text.as_bytes(), out),
        Value::None => put(out, "null"),
    }
}

fn list<T>(items: &[T], out: &mut Vec<u8>, mut one: impl FnMut(&T, &mut Vec<u8>)) {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        one(item, out);
    }
    out.push(b']');
}

fn put(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Layer;

    #[test]
    fn layers_and_fields_are_the_documented_objects() {
        let base = Field {
            name: "version",
            value: Value::Number(4),
            text: "4".into(),
            offset: 14,
            length: 1,
            bits: Some((0, 4)),
            depth: 0,
        };
        let hostile = Value::Characters(b"a\x1b\"\xff".to_vec());
        let named =
            Field { name: "name", value: hostile, text: "a\u{1b}".into(), bits: None, ..base.clone() };
        let layer = Described {
            layer: Layer::Ipv4,
            reassembled: false,
            offset: 14,
            length: 20,
            fields: vec![base, named],
        };
        let mut out = Vec::new();
        write(&[layer], &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "[{\"name\":\"ip\",\"osi\":3,\"offset\":14,\"length\":20,\"reassembled\":false,\"fields\":[\
             {\"name\":\"version\",\"value\":4,\"text\":\"4\",\"offset\":14,\"length\":1,\"bits\":[0,4]},\
             {\"name\":\"name\",\"value\":\"a\\u001b\\\"\\ufffd\",\"text\":\"a\\u001b\",\"offset\":14,\"length\":1,\
             \"bits\":null}]}]"
        );
    }
}
