//! Words to an expression: the grammar of pcap-filter(7), by recursive descent over the tokens.
//!
//! `and` and `or` bind equally and to the left, `not` binds tighter. After either of them a bare address, port or
//! protocol takes over the qualifiers of the primitive before it (`tcp port 80 or 81`); a parenthesis hands on those
//! that stood before it. What opens a parenthesis can turn out to be an expression, a list of such bare identifiers,
//! or arithmetic, so a first [`Item`] is read without deciding.

mod arithmetic;
mod identifier;
mod primitive;

use std::ops::Range;

use super::error::Fault;
use super::syntax::{Arithmetic, Expression, How, Primitive, Protocol, Way};
use super::token::{Token, tokens};

/// How deep parentheses, `not` and changes between `and` and `or` may nest.
const DEEPEST: u32 = 200;

/// Reads a whole expression; `None` where there is none, which selects every frame.
pub(super) fn parse(text: &str) -> Result<Option<Expression>, Fault> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0, end: text.len(), depth: 0 };
    if parser.tokens.is_empty() {
        return Ok(None);
    }
    let (expression, _) = parser.expression(None)?;
    match parser.peek() {
        None => Ok(Some(expression)),
        Some(Token::Sign(")")) => Err(parser.fault("this parenthesis was never opened")),
        Some(_) => Err(parser.unexpected("`and`, `or` or the end")),
    }
}

/// What the words before an identifier say of it, and a later bare identifier takes over.
#[derive(Clone, Copy, Debug)]
struct Qualifiers {
    protocol: Option<Protocol>,
    way: Option<Way>,
    kind: Kind,
    /// Where they stand.
    at: usize,
}

/// The type qualifiers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Host,
    Net,
    Port,
    Portrange,
    Proto,
    Protochain,
}

/// What one operand of `and` and `or` turns out to be, with the qualifiers that the next may take over.
enum Item {
    Truth(Expression, Option<Qualifiers>),
    Number(Arithmetic, usize),
}

struct Parser<'a> {
    tokens: Vec<(Token<'a>, Range<usize>)>,
    next: usize,
    end: usize,
    depth: u32,
}

impl<'a> Parser<'a> {
    /// Operands joined by `and` and `or`, up to a parenthesis or the end.
    fn expression(&mut self, before: Option<Qualifiers>) -> Result<(Expression, Option<Qualifiers>), Fault> {
        let item = self.item(before, false)?;
        let first = self.truth(item, None)?;
        self.chain(first)
    }

    /// What follows the first operand.
    fn chain(
        &mut self,
        (mut left, mut qualifiers): (Expression, Option<Qualifiers>),
    ) -> Result<(Expression, Option<Qualifiers>), Fault> {
        let depth = self.depth;
        while let Some(and) = self.conjunction() {
            let item = self.item(qualifiers, true)?;
            let (right, after) = self.truth(item, qualifiers)?;
            left = match (left, and) {
                (Expression::All(mut all), true) => {
                    all.push(right);
                    Expression::All(all)
                }
                (Expression::Any(mut any), false) => {
                    any.push(right);
                    Expression::Any(any)
                }
                (left, true) => Expression::All(vec![left, right]),
                (left, false) => Expression::Any(vec![left, right]),
            };
            self.deeper(depth_of(&left))?;
            self.depth = depth;
            qualifiers = after;
        }
        Ok((left, qualifiers))
    }

    fn conjunction(&mut self) -> Option<bool> {
        let and = match self.peek()? {
            Token::Word("and") | Token::Sign("&&") => true,
            Token::Word("or") | Token::Sign("||") => false,
            _ => return None,
        };
        self.next += 1;
        Some(and)
    }

    /// One operand; `bare` where an identifier may stand without qualifiers of its own.
    fn item(&mut self, before: Option<Qualifiers>, bare: bool) -> Result<Item, Fault> {
        let at = self.place();
        let Some(token) = self.peek() else {
            return Err(Fault::new(self.end, "something is missing here"));
        };
        match token {
            Token::Word("not") | Token::Sign("!") => {
                self.next += 1;
                let depth = self.depth;
                self.deeper(1)?;
                let item = self.item(before, bare)?;
                let (inner, qualifiers) = self.truth(item, before.filter(|_| bare))?;
                self.depth = depth;
                Ok(Item::Truth(Expression::Not(Box::new(inner)), qualifiers))
            }
            Token::Sign("(") => self.parenthesis(before, bare),
            Token::Number(_) | Token::Sign("-") | Token::Word("len" | "length") => self.arithmetic_item(),
            Token::Word(word) if Protocol::of(word).is_some() && self.peek_at(1) == Some(Token::Sign("[")) => {
                self.arithmetic_item()
            }
            Token::Dotted(_) | Token::Ipv6(_) | Token::Mac(_) | Token::Arcnet(_) | Token::Escaped(_) => {
                match before.filter(|_| bare) {
                    Some(qualifiers) => self.identifier(qualifiers).map(|found| Item::Truth(found, Some(qualifiers))),
                    None => Err(self.bare(at)),
                }
            }
            Token::Word(word) if !primitive::is_keyword(word) => match before.filter(|_| bare) {
                Some(qualifiers) => self.identifier(qualifiers).map(|found| Item::Truth(found, Some(qualifiers))),
                None => Err(Fault::new(at, format!("`{word}` is no keyword")).nearest(word, primitive::keywords())),
            },
            Token::Word(_) => self.primitive().map(|(found, qualifiers)| Item::Truth(found, qualifiers)),
            Token::Sign(_) => Err(self.unexpected("a primitive such as `host 10.0.0.1` or `tcp port 80`")),
        }
    }

    fn parenthesis(&mut self, before: Option<Qualifiers>, bare: bool) -> Result<Item, Fault> {
        let opened = self.place();
        self.next += 1;
        let depth = self.depth;
        self.deeper(1)?;
        let item = match self.item(before, bare)? {
            Item::Number(number, at) if self.peek() == Some(Token::Sign(")")) => {
                self.next += 1;
                self.depth = depth;
                return self.arithmetic_rest(number, at);
            }
            item => item,
        };
        let first = self.truth(item, before.filter(|_| bare))?;
        let (inner, _) = self.chain(first)?;
        self.close(opened)?;
        self.depth = depth;
        Ok(Item::Truth(inner, before))
    }

    fn close(&mut self, opened: usize) -> Result<(), Fault> {
        match self.peek() {
            Some(Token::Sign(")")) => {
                self.next += 1;
                Ok(())
            }
            None => Err(Fault::new(opened, "this parenthesis is not closed")),
            Some(_) => Err(self.unexpected("`and`, `or` or `)`")),
        }
    }

    /// An operand as a truth: a lone number is an identifier where one may stand.
    fn truth(
        &mut self,
        item: Item,
        bare: Option<Qualifiers>,
    ) -> Result<(Expression, Option<Qualifiers>), Fault> {
        match (item, bare) {
            (Item::Truth(expression, qualifiers), _) => Ok((expression, qualifiers)),
            (Item::Number(Arithmetic::Number(number), at), Some(qualifiers)) => {
                let primitive = identifier::number(qualifiers, number, at)?;
                Ok((Expression::Primitive(primitive, at), Some(qualifiers)))
            }
            (Item::Number(Arithmetic::Number(_), at), None) => Err(self.bare(at)),
            (Item::Number(..), _) => Err(self.unexpected("a comparison such as `=` or `>` behind this arithmetic")),
        }
    }

    fn arithmetic_item(&mut self) -> Result<Item, Fault> {
        let at = self.place();
        let number = self.operand()?;
        self.arithmetic_rest(number, at)
    }

    /// The operators and the comparison that may follow a number.
    fn arithmetic_rest(&mut self, number: Arithmetic, at: usize) -> Result<Item, Fault> {
        let left = self.operators(number, 0)?;
        let (how, negated) = match self.peek() {
            Some(Token::Sign(">")) => (How::Greater, false),
            Some(Token::Sign(">=")) => (How::AtLeast, false),
            Some(Token::Sign("=")) => (How::Equal, false),
            Some(Token::Sign("<=")) => (How::Greater, true),
            Some(Token::Sign("<")) => (How::AtLeast, true),
            Some(Token::Sign("!=")) => (How::Equal, true),
            _ => return Ok(Item::Number(left, at)),
        };
        self.next += 1;
        let right = self.arithmetic()?;
        let relation = Primitive::Relation { left, how, right, negated };
        Ok(Item::Truth(Expression::Primitive(relation, at), None))
    }

    fn peek(&self) -> Option<Token<'a>> {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> Option<Token<'a>> {
        self.tokens.get(self.next + ahead).map(|(token, _)| *token)
    }

    /// Takes the next token if it is this keyword.
    fn word(&mut self, word: &str) -> bool {
        let is = self.peek() == Some(Token::Word(word));
        self.next += usize::from(is);
        is
    }

    /// Where the next token stands.
    fn place(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |(_, place)| place.start)
    }

    fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::new(self.place(), message)
    }

    fn unexpected(&self, wanted: &str) -> Fault {
        match self.tokens.get(self.next) {
            Some(_) => self.fault(format!("expected {wanted}")),
            None => self.fault(format!("expected {wanted}, but the expression ends")),
        }
    }

    /// An identifier that no qualifier says anything of.
    fn bare(&self, at: usize) -> Fault {
        Fault::new(at, "a bare address, number or name").hint("put a qualifier such as `host`, `net` or `port` before it")
    }

    fn deeper(&mut self, levels: u32) -> Result<(), Fault> {
        self.depth += levels;
        if self.depth > DEEPEST {
            return Err(self.fault(format!("nested more than {DEEPEST} deep")));
        }
        Ok(())
    }
}

/// How deep `and` and `or` alternate along the left edge of `expression`.
fn depth_of(mut expression: &Expression) -> u32 {
    let mut depth = 0;
    while let Expression::All(inner) | Expression::Any(inner) = expression {
        let Some(first) = inner.first().filter(|_| depth <= DEEPEST) else {
            break;
        };
        expression = first;
        depth += 1;
    }
    depth
}
