//! Why a filter expression is refused, and where.

use std::fmt;

/// A filter expression that does not parse, or that asks for what this tool cannot know.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FilterError {
    /// The expression as it was given.
    pub text: String,
    /// The byte of `text` at which it goes wrong; its length where something is missing at the end.
    pub at: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

/// What the stages inside return: the place and the reason, before the text is known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Fault {
    pub at: usize,
    pub message: String,
    pub hint: Option<String>,
}

impl Fault {
    pub fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), hint: None }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The word of `known` most like `word`, as a hint, if one is near.
    pub fn nearest<'k>(self, word: &str, known: impl Iterator<Item = &'k str>) -> Self {
        let lower = word.to_ascii_lowercase();
        // A word of thousands of letters is like none; comparing takes its length times theirs.
        let best = known
            .filter(|known| lower.len() <= 4 * known.len())
            .map(|known| (strsim::normalized_damerau_levenshtein(&lower, known), known))
            .max_by(|(a, _), (b, _)| a.total_cmp(b));
        match best {
            Some((likeness, known)) if likeness >= 0.6 => self.hint(format!("did you mean `{known}`?")),
            _ => self,
        }
    }

    pub fn of(self, text: &str) -> FilterError {
        FilterError { text: text.into(), at: self.at.min(text.len()), message: self.message, hint: self.hint }
    }
}

/// One line that says what is wrong, the expression, and a caret below the place.
impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "; {hint}")?;
        }
        let shown: String = self.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let before = self.text.get(..self.at).unwrap_or(&self.text);
        write!(f, "\n    {shown}\n    {:width$}^", "", width = unicode_width::UnicodeWidthStr::width(before))
    }
}

impl std::error::Error for FilterError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_below_the_character() {
        let cases = [
            ("tcp prot 80", 4, "no\n    tcp prot 80\n        ^"),
            ("a\tb", 2, "no\n    a b\n      ^"),
            ("ü x", 3, "no\n    ü x\n      ^"),
            ("port", 9, "no\n    port\n        ^"),
        ];
        for (text, at, shown) in cases {
            assert_eq!(Fault::new(at, "no").of(text).to_string(), shown);
        }
    }

    #[test]
    fn the_nearest_word_is_proposed_only_if_it_is_near() {
        let known = ["port", "portrange", "host"];
        let hint = |word| Fault::new(0, "").nearest(word, known.into_iter()).hint;
        assert_eq!(hint("prot").as_deref(), Some("did you mean `port`?"));
        assert_eq!(hint("HOST").as_deref(), Some("did you mean `host`?"));
        assert_eq!(hint("xyzzy"), None);
        assert_eq!(hint(&"port".repeat(20_000)), None);
    }
}
