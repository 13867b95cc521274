//! Which fields are shown: `--fields a,b,-c` with globs; and by which rows are sorted: `--sort -a,b`.

use super::condition::{Mistake, nearest};
use super::schema::{Family, Field};

/// The fields that `text` names, in its order: names and globs, with `-` before those to leave out. A list that begins with
/// one to leave out begins with the `usual` ones.
pub fn fields<F: Family>(
    text: &str,
    all: &[Field<F>],
    usual: Vec<Field<F>>,
) -> Result<Vec<Field<F>>, Mistake> {
    let mut chosen = Vec::new();
    for (index, (span, word)) in words(text).enumerate() {
        let (is_out, pattern) = match word.strip_prefix('-') {
            Some(pattern) => (true, pattern),
            None => (false, word),
        };
        if index == 0 && is_out {
            chosen.clone_from(&usual);
        }
        let found: Vec<&Field<F>> = all.iter().filter(|field| glob(pattern, &field.name)).collect();
        if found.is_empty() {
            return Err(unknown(pattern, span, all));
        }
        if is_out {
            chosen.retain(|field: &Field<F>| !glob(pattern, &field.name));
        } else {
            for field in found {
                if !chosen.iter().any(|other| other.name == field.name) {
                    chosen.push(field.clone());
                }
            }
        }
    }
    if chosen.is_empty() {
        return Err(Mistake { span: (0, text.len()), what: "no field is left".into() });
    }
    Ok(chosen)
}

/// The fields that `text` sorts by, and for each whether the greatest comes first.
pub fn order<F: Family>(text: &str, all: &[Field<F>]) -> Result<Vec<(Field<F>, bool)>, Mistake> {
    let field = |(span, word): ((usize, usize), &str)| {
        let (falling, name) = match word.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, word),
        };
        let found = all.iter().find(|field| field.name == name);
        found.map(|field| (field.clone(), falling)).ok_or_else(|| unknown(name, span, all))
    };
    words(text).map(field).collect()
}

fn unknown<F: Family>(name: &str, span: (usize, usize), all: &[Field<F>]) -> Mistake {
    let what = match nearest(name, all.iter().map(|field| field.name.as_str())) {
        Some(nearest) => format!("unknown field `{name}`; did you mean `{nearest}`?"),
        None => format!("unknown field `{name}`; `flowray fields` lists them"),
    };
    Mistake { span, what }
}

/// The words between commas, with their places.
fn words(text: &str) -> impl Iterator<Item = ((usize, usize), &str)> {
    let mut start = 0;
    text.split(',').map(move |part| {
        let word = part.trim();
        let at = start + (part.len() - part.trim_start().len());
        start += part.len() + 1;
        ((at, at + word.len()), word)
    })
}

/// Whether `*` for anything makes the pattern the name.
fn glob(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fields::{FLOWS, HANDSHAKES};

    #[test]
    fn globs_and_exclusions_choose_fields() {
        let chosen = |text: &str| {
            let all = HANDSHAKES.fields();
            let usual = all.iter().take(3).cloned().collect();
            fields(text, &all, usual)
                .map(|fields| fields.into_iter().map(|field| field.name).collect::<Vec<_>>())
        };
        assert_eq!(chosen("server_port, flow").unwrap(), ["server_port", "flow"]);
        assert_eq!(chosen("*_fin_s,flow").unwrap(), ["client_fin_s", "server_fin_s", "flow"]);
        assert_eq!(chosen("-stream").unwrap(), ["flow", "protocol"]);
        assert_eq!(chosen("syn*,-*packet").unwrap(), ["syn_s", "syn_ack_s"]);
        assert_eq!(chosen("*").unwrap().len(), HANDSHAKES.fields().len());
        let mistake = chosen("flow, sever_port").unwrap_err();
        assert_eq!((mistake.span, mistake.what.contains("`server_port`")), ((6, 16), true));
        assert!(chosen("*,-*").is_err());
    }

    #[test]
    fn a_minus_sorts_the_greatest_first() {
        let all = FLOWS.fields();
        let order = order("-client_packets,flow", &all).unwrap();
        assert_eq!((order[0].0.name.as_str(), order[0].1), ("client_packets", true));
        assert_eq!((order[1].0.name.as_str(), order[1].1), ("flow", false));
    }
}
