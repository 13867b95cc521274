//! The words of a condition.

use nom::IResult;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{is_not, tag, take_while1};
use nom::character::complete::{char, multispace0};
use nom::combinator::{map, opt, recognize};

use super::Mistake;

/// A word of a condition and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token<'a> {
    pub kind: TokenKind<'a>,
    pub span: (usize, usize),
}

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum TokenKind<'a> {
    /// A name, a number with its unit, an address: anything without quotes.
    Word(&'a str),
    /// The text between quotes.
    Quoted(&'a str),
    /// An operator, a bracket or a comma.
    Symbol(&'static str),
}

/// The words of `text`, in order.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Mistake> {
    let mut tokens = Vec::new();
    let mut rest = skip_space(text);
    while !rest.is_empty() {
        let start = text.len() - rest.len();
        let Ok((behind, kind)) = token(rest) else {
            return Err(mistake(rest, start));
        };
        tokens.push(Token { kind, span: (start, text.len() - behind.len()) });
        rest = skip_space(behind);
    }
    Ok(tokens)
}

fn mistake(rest: &str, start: usize) -> Mistake {
    if rest.starts_with(['\'', '"']) {
        return Mistake { span: (start, start + rest.len()), what: "the quote is not closed".into() };
    }
    let wrong: String = rest.chars().take(1).collect();
    Mistake { span: (start, start + wrong.len()), what: format!("`{wrong}` means nothing here") }
}

fn skip_space(text: &str) -> &str {
    multispace0::<_, nom::error::Error<&str>>(text).map_or(text, |(rest, _)| rest)
}

fn token(input: &str) -> IResult<&str, TokenKind<'_>> {
    alt((quoted('\''), quoted('"'), symbol, map(take_while1(is_of_word), TokenKind::Word))).parse(input)
}

/// Text between two `mark`s.
fn quoted<'a>(
    mark: char,
) -> impl Parser<&'a str, Output = TokenKind<'a>, Error = nom::error::Error<&'a str>> {
    let marks = if mark == '"' { "\"" } else { "'" };
    map((char(mark), recognize(opt(is_not(marks))), char(mark)), |(_, text, _)| TokenKind::Quoted(text))
}

fn symbol(input: &str) -> IResult<&str, TokenKind<'_>> {
    let same = |text: &'static str, means: &'static str| map(tag(text), move |_| TokenKind::Symbol(means));
    alt((
        alt((same("(", "("), same(")", ")"), same(",", ","))),
        alt((same("==", "="), same("=", "="), same("!=", "!="), same("<>", "!="), same("!~", "!~"))),
        alt((same("<=", "<="), same("<", "<"), same(">=", ">="), same(">", ">"), same("~", "~"))),
        alt((same("&&", "and"), same("||", "or"), same("!", "not"))),
    ))
    .parse(input)
}

/// Letters, digits, and what stands in numbers, addresses and units.
fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || "_.:/-+%*".contains(character)
}
