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
            Token::Word(word)
                if Protocol::of(word).is_some() && self.peek_at(1) == Some(Token::Sign("[")) =>
            {
                self.arithmetic_item()
            }
            Token::Dotted(_) | Token::Ipv6(_) | Token::Mac(_) | Token::Arcnet(_) | Token::Escaped(_) => {
                match before.filter(|_| bare) {
                    Some(qualifiers) => {
                        self.identifier(qualifiers).map(|found| Item::Truth(found, Some(qualifiers)))
                    }
                    None => Err(self.bare(at)),
                }
            }
            Token::Word(word) if !primitive::is_keyword(word) => {
                match before.filter(|_| bare) {
                    Some(qualifiers) => {
                        self.identifier(qualifiers).map(|found| Item::Truth(found, Some(qualifiers)))
                    }
                    None => Err(Fault::new(at, format!("`{word}` is no keyword"))
                        .nearest(word, primitive::keywords())),
                }
            }
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
            (Item::Number(..), _) => {
                Err(self.unexpected("a comparison such as `=` or `>` behind this arithmetic"))
            }
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
        match self.peek() {
            Some(Token::Word(word)) if !primitive::is_keyword(word) => {
                self.fault(format!("expected {wanted}")).nearest(word, primitive::keywords())
            }
            Some(_) => self.fault(format!("expected {wanted}")),
            None => self.fault(format!("expected {wanted}, but the expression ends")),
        }
    }

    /// An identifier that no qualifier says anything of.
    fn bare(&self, at: usize) -> Fault {
        Fault::new(at, "a bare address, number or name")
            .hint("put a qualifier such as `host`, `net` or `port` before it")
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The expression with its structure in the open: `&`, `|`, `!` and numbers for the primitives.
    fn shape(text: &str) -> String {
        fn draw(expression: &Expression, text: &str) -> String {
            match expression {
                Expression::All(all) => join(all, "&", text),
                Expression::Any(any) => join(any, "|", text),
                Expression::Not(inner) => format!("!{}", draw(inner, text)),
                Expression::Primitive(_, at) => at.to_string(),
            }
        }
        fn join(inner: &[Expression], sign: &str, text: &str) -> String {
            let inner: Vec<_> = inner.iter().map(|one| draw(one, text)).collect();
            format!("({})", inner.join(sign))
        }
        parse(text).unwrap().map_or(String::new(), |expression| draw(&expression, text))
    }

    #[test]
    fn and_and_or_bind_equally_and_to_the_left() {
        let cases = [
            ("", ""),
            ("ip", "0"),
            ("ip or ip6 and tcp", "((0|6)&14)"),
            ("ip and ip6 or tcp", "((0&7)|14)"),
            ("ip or (ip6 and tcp)", "(0|(7&15))"),
            ("not ip and tcp", "(!4&11)"),
            ("!(ip && tcp) || udp", "(!(2&8)|16)"),
            ("not not ip", "!!8"),
            ("ip or arp or rarp", "(0|6|13)"),
            ("((((ip))))", "4"),
        ];
        for (text, expected) in cases {
            assert_eq!(shape(text), expected, "{text}");
        }
    }

    #[test]
    fn bare_identifiers_take_over_the_qualifiers_before_them() {
        let same = [
            (
                "tcp dst port ftp or ftp-data or 21",
                "tcp dst port ftp or tcp dst port ftp-data or tcp dst port 21",
            ),
            ("not host 10.0.0.1 and 10.0.0.2", "not host 10.0.0.1 and host 10.0.0.2"),
            ("port 80 or (udp) or 81", "port 80 or udp or port 81"),
            ("port (80 or 81)", "port 80 or port 81"),
            ("port 80 or (81 or 82)", "port 80 or (port 81 or port 82)"),
            ("src net 10 or not 192.168", "src net 10 or not src net 192.168"),
            ("src or dst port 5", "port 5"),
            ("dst and src host 1.2.3.4", "src and dst host 1.2.3.4"),
            ("net 10/8", "net 10.0.0.0/8"),
            ("net 10", "net 10.0.0.0 mask 255.0.0.0"),
            ("len == 5", "length = (5)"),
            ("less 60", "len <= 60"),
            ("byte 4 = 1", "link[4:1] = 1"),
            ("portrange 90-80", "portrange 80-90"),
            ("vlan (5)", "vlan 5"),
        ];
        for (short, long) in same {
            assert_eq!(meaning(short), meaning(long), "{short}");
        }
    }

    /// The expression without the places in the text.
    fn meaning(text: &str) -> Expression {
        fn without_places(expression: Expression) -> Expression {
            match expression {
                Expression::All(all) => Expression::All(all.into_iter().map(without_places).collect()),
                Expression::Any(any) => Expression::Any(any.into_iter().map(without_places).collect()),
                Expression::Not(inner) => Expression::Not(Box::new(without_places(*inner))),
                Expression::Primitive(primitive, _) => Expression::Primitive(primitive, 0),
            }
        }
        without_places(parse(text).unwrap().unwrap())
    }

    #[test]
    fn arithmetic_binds_as_in_c_but_for_remainder_and_exclusive_or() {
        let same = [
            ("1 + 2 * len = 0", "1 + (2 * len) = 0"),
            ("1 | 2 & len << 3 = 0", "1 | (2 & (len << 3)) = 0"),
            ("1 - len - 3 = 0", "(1 - len) - 3 = 0"),
            ("1 * len % 3 + 4 = 0", "1 * (len % (3 + 4)) = 0"),
            ("- len + 1 = 0", "(-len) + 1 = 0"),
        ];
        for (bare, parenthesized) in same {
            assert_eq!(meaning(bare), meaning(parenthesized), "{bare}");
        }
    }

    #[test]
    fn an_error_points_at_the_character() {
        let cases = [
            ("tcp prot 80", 4, "expected `and`, `or` or the end"),
            ("prot 80", 0, "`prot` is no keyword"),
            ("host", 4, "expected an address, but the expression ends"),
            ("host example.org", 5, "host names such as `example.org` are not looked up"),
            ("port 99999", 5, "port 99999 is above 65535"),
            ("port nosuch", 5, "unknown port `nosuch`"),
            ("udp port http", 9, "`http` is a service of TCP"),
            ("ip port 80", 0, "`ip` has no ports"),
            ("tcp host 10.0.0.1", 0, "`tcp` has no IPv4 addresses"),
            ("ip6 host 10.0.0.1", 0, "`ip6` has no IPv4 addresses"),
            ("ip host ::1", 0, "`ip` has no IPv6 addresses"),
            ("host 10.0.0.256", 5, "`10.0.0.256` is no IPv4 address"),
            ("host 10.0.0.0/8", 13, "only a `net` has a mask"),
            ("net 10.0.0.1/8", 4, "bits are set outside the mask"),
            ("net 10.0.0.0/33", 13, "the length of an IPv4 prefix is 0 to 32"),
            ("(tcp", 0, "this parenthesis is not closed"),
            ("tcp)", 3, "this parenthesis was never opened"),
            ("ip proto tcp", 9, "expected a protocol number or name"),
            ("tcp proto 5", 0, "`tcp proto` makes no sense"),
            ("tcp[13:3] = 1", 7, "the size of a field is 1, 2 or 4 bytes"),
            (
                "tcp[13] &",
                9,
                "expected a number, `len` or a header such as `tcp[13]`, but the expression ends",
            ),
            (
                "tcp[13]",
                7,
                "expected a comparison such as `=` or `>` behind this arithmetic, but the expression ends",
            ),
            ("len / 0 = 1", 6, "division by zero"),
            ("len << 32 = 1", 7, "a shift by more than 31 bits"),
            ("1.2.3.4", 0, "a bare address, number or name"),
            ("tcp or 80", 7, "a bare address, number or name"),
            ("00:11:22:33:44:55", 0, "a bare address, number or name"),
            ("host 00:11:22:33:44:55", 5, "a link-layer address"),
            ("ether host 10.0.0.1", 11, "not a link-layer address"),
            ("gateway x", 0, "`gateway` needs name services, which are not asked"),
            ("vlan 5000", 5, "VLAN 5000 is above 4095"),
            ("src 1.2.3.4 and", 15, "something is missing here"),
            ("ah[0] = 1", 0, "the bytes of `ah` cannot be addressed"),
            ("src proto 6", 0, "`proto` has no direction"),
        ];
        for (text, at, message) in cases {
            let fault = parse(text).unwrap_err();
            assert_eq!((fault.at, fault.message.as_str()), (at, message), "{text}");
        }
    }

    #[test]
    fn the_nearest_valid_thing_is_proposed() {
        let cases = [
            ("prot 80", "did you mean `proto`?"),
            ("tcp prt 80", "did you mean `port`?"),
            ("TCP port 80", "did you mean `tcp`?"),
            ("port htps", "did you mean `https`?"),
            ("ip proto \\tpc", "did you mean `tcp`?"),
            ("ip proto tcp", "write `\\tcp` for the name, since `tcp` is a keyword"),
            ("host 10.0.0.0/8", "write `net` instead of `host`"),
        ];
        for (text, hint) in cases {
            assert_eq!(parse(text).unwrap_err().hint.as_deref(), Some(hint), "{text}");
        }
    }

    #[test]
    fn what_nests_without_end_is_refused() {
        for deep in ["(".repeat(100_000), "not ".repeat(100_000), format!("len = {}1", "-".repeat(100_000))] {
            assert!(parse(&deep).unwrap_err().message.contains("nested"));
        }
        let alternating = format!("ip{}", " or ip and ip".repeat(50_000));
        assert!(parse(&alternating).unwrap_err().message.contains("nested"));
        let long = format!("ip{}", " or ip".repeat(50_000));
        assert!(parse(&long).is_ok());
    }

    #[test]
    fn every_beginning_of_an_expression_is_read_or_refused() {
        let text = "not (tcp[tcpflags] & (tcp-syn|tcp-fin) != 0 or src net fe80::/10) and vlan 5 and \
                    ether host 00:11:22:33:44:55 or portrange http-90 and ip proto \\udp && 1.2.3.4";
        for end in 0..text.len() {
            let _ = parse(text.get(..end).unwrap());
        }
    }
}
