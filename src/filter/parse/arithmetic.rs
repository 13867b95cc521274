//! Arithmetic: numbers, `len`, bytes of headers, operators.

use super::{Fault, Parser, Token};
use crate::filter::syntax::{Arithmetic, Operator, Protocol};

/// The tightest level of the binary operators, and that of the minus sign before a number.
const TIGHTEST: u8 = 6;

impl Parser<'_> {
    pub(super) fn arithmetic(&mut self) -> Result<Arithmetic, Fault> {
        let first = self.operand()?;
        self.operators(first, 0)
    }

    /// A number, `len`, a negated operand, bytes of a header, or arithmetic in parentheses.
    pub(super) fn operand(&mut self) -> Result<Arithmetic, Fault> {
        let depth = self.depth;
        self.deeper(1)?;
        let found = match self.peek() {
            Some(Token::Number(number)) => {
                self.next += 1;
                Arithmetic::Number(number)
            }
            Some(Token::Word("len" | "length")) => {
                self.next += 1;
                Arithmetic::Length
            }
            Some(Token::Sign("-")) => {
                self.next += 1;
                let first = self.operand()?;
                Arithmetic::Negative(Box::new(self.operators(first, TIGHTEST)?))
            }
            Some(Token::Sign("(")) => {
                let opened = self.place();
                self.next += 1;
                let inner = self.arithmetic()?;
                self.close(opened)?;
                inner
            }
            Some(Token::Word(word)) => match Protocol::of(word) {
                Some(header) if self.peek_at(1) == Some(Token::Sign("[")) => self.load(header)?,
                Some(_) => {
                    return Err(self
                        .fault(format!("`{word}` is no number"))
                        .hint(format!("write `{word}[OFFSET]` for a byte of its header")));
                }
                None => {
                    return Err(self
                        .fault(format!("`{word}` is no number"))
                        .nearest(word, ["len", "tcpflags", "icmptype", "tcp-syn"].into_iter()));
                }
            },
            _ => return Err(self.unexpected("a number, `len` or a header such as `tcp[13]`")),
        };
        self.depth = depth;
        Ok(found)
    }

    /// `HEADER[INDEX]` or `HEADER[INDEX:SIZE]`.
    fn load(&mut self, header: Protocol) -> Result<Arithmetic, Fault> {
        use Protocol::*;
        let at = self.place();
        if matches!(
            header,
            Ah | Esp
                | Iso
                | Esis
                | Isis
                | L1
                | L2
                | Iih
                | Lsp
                | Snp
                | Csnp
                | Psnp
                | Clnp
                | Stp
                | Ipx
                | Netbeui
                | Aarp
        ) {
            return Err(Fault::new(at, format!("the bytes of `{}` cannot be addressed", header.name())));
        }
        self.next += 2;
        let index = Box::new(self.arithmetic()?);
        let mut size = 1;
        if self.peek() == Some(Token::Sign(":")) {
            self.next += 1;
            size = match self.peek() {
                Some(Token::Number(size @ (1 | 2 | 4))) => size as u8,
                _ => return Err(self.fault("the size of a field is 1, 2 or 4 bytes")),
            };
            self.next += 1;
        }
        match self.peek() {
            Some(Token::Sign("]")) => self.next += 1,
            _ => return Err(self.unexpected("`]`")),
        }
        Ok(Arithmetic::Load { header, index, size })
    }

    /// The operators behind `left` that bind tighter than `level`.
    ///
    /// `%` and `^` have no level in the language's grammar: each takes what stands right before it, and all the rest.
    pub(super) fn operators(&mut self, mut left: Arithmetic, level: u8) -> Result<Arithmetic, Fault> {
        while let Some(Token::Sign(sign)) = self.peek() {
            let Some((operator, binds)) =
                operator(sign).filter(|(_, binds)| binds.is_none_or(|binds| binds > level))
            else {
                break;
            };
            self.next += 1;
            let at = self.place();
            let first = self.operand()?;
            let right = self.operators(first, binds.unwrap_or(0))?;
            constant_fault(operator, &right, at)?;
            self.deeper(0)?;
            left = Arithmetic::Binary(operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }
}

/// The operator that a sign stands for and how tightly it binds.
fn operator(sign: &str) -> Option<(Operator, Option<u8>)> {
    Some(match sign {
        "|" => (Operator::Or, Some(1)),
        "&" => (Operator::And, Some(2)),
        "<<" => (Operator::Left, Some(3)),
        ">>" => (Operator::Right, Some(3)),
        "+" => (Operator::Add, Some(4)),
        "-" => (Operator::Subtract, Some(4)),
        "*" => (Operator::Multiply, Some(5)),
        "/" => (Operator::Divide, Some(5)),
        "%" => (Operator::Remainder, None),
        "^" => (Operator::ExclusiveOr, None),
        _ => return None,
    })
}

fn constant_fault(operator: Operator, right: &Arithmetic, at: usize) -> Result<(), Fault> {
    match (operator, right) {
        (Operator::Divide | Operator::Remainder, Arithmetic::Number(0)) => {
            Err(Fault::new(at, "division by zero"))
        }
        (Operator::Left | Operator::Right, Arithmetic::Number(32..)) => {
            Err(Fault::new(at, "a shift by more than 31 bits"))
        }
        _ => Ok(()),
    }
}
