//! Words to a condition, by descent: `or` binds least, then `and`, then `not`.

use regex::bytes::RegexBuilder;

use super::lex::{Token, TokenKind, tokens};
use super::{Comparison, Expr, Mistake, Operand, literal};
use crate::report::schema::Kind;

/// Brackets and `not`s within one another.
const MAX_DEPTH: usize = 64;

/// Memory that a regular expression may take.
const MAX_REGEX: usize = 1 << 20;

/// Fields by name and kind.
type Names<'a> = [(&'a str, Kind)];

/// Reads a condition on the fields `names`.
pub(super) fn parse(text: &str, names: &Names<'_>) -> Result<Expr, Mistake> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, next: 0, end: text.len(), names, depth: 0 };
    let expr = parser.any()?;
    match parser.peek() {
        None => Ok(expr),
        Some(token) if token.kind == TokenKind::Symbol(")") => parser.fail("`)` closes nothing"),
        Some(_) => parser.fail("`and` or `or` is missing"),
    }
}

struct Parser<'a> {
    tokens: &'a [Token<'a>],
    next: usize,
    end: usize,
    names: &'a Names<'a>,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn any(&mut self) -> Result<Expr, Mistake> {
        let mut parts = vec![self.all()?];
        while self.takes("or") {
            parts.push(self.all()?);
        }
        Ok(single(parts, Expr::Or))
    }

    fn all(&mut self) -> Result<Expr, Mistake> {
        let mut parts = vec![self.part()?];
        while self.takes("and") {
            parts.push(self.part()?);
        }
        Ok(single(parts, Expr::And))
    }

    fn part(&mut self) -> Result<Expr, Mistake> {
        if self.depth >= MAX_DEPTH {
            return self.fail("this is nested too deep");
        }
        self.depth += 1;
        let part = if self.takes("not") {
            Expr::Not(Box::new(self.part()?))
        } else if self.takes("(") {
            let inner = self.any()?;
            self.expect(")")?;
            inner
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(part)
    }

    fn comparison(&mut self) -> Result<Expr, Mistake> {
        let at = self.next;
        let (field, name, kind) = self.field()?;
        if self.takes("is") {
            let negated = self.takes("not");
            self.expect("null")?;
            return Ok(negate(Expr::IsNull(field), negated));
        }
        let negated =
            self.peek_is("not") && self.tokens.get(self.next + 1).is_some_and(|token| is(token, "in"));
        if negated {
            self.next += 1;
        }
        if self.takes("in") {
            return Ok(negate(self.membership(field, kind)?, negated));
        }
        for (symbol, negated) in [("~", false), ("!~", true)] {
            if self.takes(symbol) {
                return Ok(negate(self.pattern(field)?, negated));
            }
        }
        for (symbol, comparison) in [
            ("=", Comparison::Equal),
            ("!=", Comparison::NotEqual),
            ("<=", Comparison::LessOrEqual),
            ("<", Comparison::Less),
            (">=", Comparison::GreaterOrEqual),
            (">", Comparison::Greater),
        ] {
            if self.takes(symbol) {
                let operand = self.operand(name, kind)?;
                return Ok(Expr::Compare(field, comparison, operand));
            }
        }
        if kind == Kind::Bool {
            return Ok(Expr::IsTrue(field));
        }
        self.next = at;
        self.fail(&format!("`{name}` is neither true nor false: compare it with something"))
    }

    /// `(a, b, …)` or one network.
    fn membership(&mut self, field: usize, kind: Kind) -> Result<Expr, Mistake> {
        if !self.takes("(") {
            return match kind {
                Kind::Address => self.network(field),
                _ => self.fail("`(` is missing: a list stands in brackets"),
            };
        }
        let (mut keys, mut others) = (Vec::new(), Vec::new());
        loop {
            match kind {
                Kind::Address => others.push(self.network(field)?),
                kind => keys.push(self.constant(kind)?),
            }
            if !self.takes(",") {
                break;
            }
        }
        self.expect(")")?;
        if others.is_empty() {
            return Ok(Expr::In(field, keys));
        }
        Ok(single(others, Expr::Or))
    }

    fn network(&mut self, field: usize) -> Result<Expr, Mistake> {
        let text = self.value()?;
        if let Some(network) = literal::network(text) {
            self.next += 1;
            return Ok(Expr::Within(field, network));
        }
        self.fail(&format!("`{text}` is no address and no network"))
    }

    fn pattern(&mut self, field: usize) -> Result<Expr, Mistake> {
        let text = self.value()?;
        match RegexBuilder::new(text).size_limit(MAX_REGEX).build() {
            Ok(regex) => {
                self.next += 1;
                Ok(Expr::Match(field, regex))
            }
            Err(error) => {
                let error = error.to_string();
                let why = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
                self.fail(&format!("the regular expression is wrong: {why}"))
            }
        }
    }

    fn operand(&mut self, name: &str, kind: Kind) -> Result<Operand, Mistake> {
        if let Some(Token { kind: TokenKind::Word(word), .. }) = self.peek() {
            if word.eq_ignore_ascii_case("null") {
                return self.fail(&format!("nothing equals null: write `{name} is null`"));
            }
            if let Some(place) = self.names.iter().position(|(other, _)| other == word) {
                self.next += 1;
                return Ok(Operand::Field(place));
            }
        }
        self.constant(kind).map(Operand::Constant)
    }

    fn constant(&mut self, kind: Kind) -> Result<crate::report::SortKey, Mistake> {
        let text = self.value()?;
        // `5 MB` is two words.
        let with_unit = self.tokens.get(self.next + 1).and_then(|token| match token.kind {
            TokenKind::Word(unit) if kind.is_number() => literal::literal(&format!("{text}{unit}"), kind),
            _ => None,
        });
        if let Some(key) = with_unit {
            self.next += 2;
            return Ok(key);
        }
        match literal::literal(text, kind) {
            Some(key) => {
                self.next += 1;
                Ok(key)
            }
            None => self.fail(&format!("`{text}` is {}", literal::expected(kind))),
        }
    }

    fn field(&mut self) -> Result<(usize, &'a str, Kind), Mistake> {
        let Some(Token { kind: TokenKind::Word(word), .. }) = self.peek() else {
            return self.fail("a field is missing");
        };
        let names = self.names;
        match names.iter().enumerate().find(|(_, (name, _))| name == word) {
            Some((place, &(name, kind))) => {
                self.next += 1;
                Ok((place, name, kind))
            }
            None => {
                let hint = nearest(word, names.iter().map(|(name, _)| *name)).map_or_else(
                    || "`flowray fields` lists them".into(),
                    |name| format!("did you mean `{name}`?"),
                );
                self.fail(&format!("unknown field `{word}`; {hint}"))
            }
        }
    }

    fn value(&self) -> Result<&'a str, Mistake> {
        match self.peek() {
            Some(Token { kind: TokenKind::Word(text) | TokenKind::Quoted(text), .. }) => Ok(text),
            _ => self.fail("a value is missing"),
        }
    }

    fn peek(&self) -> Option<&'a Token<'a>> {
        self.tokens.get(self.next)
    }

    fn peek_is(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| is(token, word))
    }

    fn takes(&mut self, word: &str) -> bool {
        let takes = self.peek_is(word);
        self.next += usize::from(takes);
        takes
    }

    fn expect(&mut self, word: &str) -> Result<(), Mistake> {
        if self.takes(word) { Ok(()) } else { self.fail(&format!("`{word}` is missing")) }
    }

    fn fail<T>(&self, what: &str) -> Result<T, Mistake> {
        let span = self.peek().map_or((self.end, self.end), |token| token.span);
        Err(Mistake { span, what: what.into() })
    }
}

/// No name is longer: what is, is like none, and need not be compared with all of them.
const LONGEST_NAME: usize = 64;

/// The name that is most like `word`, if one is.
pub(crate) fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > LONGEST_NAME {
        return None;
    }
    let likeness = |name| strsim::jaro_winkler(word, name);
    let best = names.max_by(|one, other| likeness(one).total_cmp(&likeness(other)))?;
    (likeness(best) > 0.8).then_some(best)
}

fn is(token: &Token<'_>, word: &str) -> bool {
    match token.kind {
        TokenKind::Word(text) => text.eq_ignore_ascii_case(word),
        TokenKind::Symbol(text) => text == word,
        TokenKind::Quoted(_) => false,
    }
}

fn single(mut parts: Vec<Expr>, of: fn(Vec<Expr>) -> Expr) -> Expr {
    match parts.len() {
        1 => parts.remove(0),
        _ => of(parts),
    }
}

fn negate(expr: Expr, negated: bool) -> Expr {
    if negated { Expr::Not(Box::new(expr)) } else { expr }
}
