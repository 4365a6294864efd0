//! TO_CHAR of numbers: `9 0 . , D G FM S MI PL SG` and literal text, as PostgreSQL prints them.
//!
//! `9` is a digit or a blank, `0` a digit or a zero; the sign floats before the first digit unless
//! a pattern places it. A number with more digits than the template prints as `#`. The patterns
//! `EEEE RN V PR TH L` are not built.

use types::{DataType, Decimal, Value};

use super::super::{Failure, RowResult};

/// One element of a template.
#[derive(Clone, Debug, PartialEq)]
enum Element {
    Digit {
        zero: bool,
    },
    Group,
    Point,
    /// `S`: the sign, `+` or `-`.
    Sign,
    /// `MI`: `-` or a blank.
    Minus,
    /// `PL`: `+` or a blank.
    Plus,
    /// `SG`: `+` or `-` here.
    SignHere,
    Literal(char),
}

/// A template.
struct Template {
    elements: Vec<Element>,
    /// `FM`: no blanks, no zeros that `9` would print after the point.
    compact: bool,
}

const NOT_BUILT: [&str; 7] = ["EEEE", "RN", "V", "PR", "TH", "L", "B"];

impl Template {
    fn parse(format: &str) -> RowResult<Template> {
        let mut template = Template { elements: Vec::new(), compact: false };
        let mut rest = format;
        while let Some(first) = rest.chars().next() {
            let upper = rest.to_uppercase();
            if let Some(quoted) = rest.strip_prefix('"') {
                let (text, after) = quoted.split_once('"').unwrap_or((quoted, ""));
                template.elements.extend(text.chars().map(Element::Literal));
                rest = after;
                continue;
            }
            if let Some(name) = NOT_BUILT.iter().find(|name| upper.starts_with(**name)) {
                return Err(Failure::not_built(format_args!(
                    "the number pattern {name} of to_char"
                )));
            }
            let (element, length) = match first.to_ascii_uppercase() {
                '9' => (Element::Digit { zero: false }, 1),
                '0' => (Element::Digit { zero: true }, 1),
                ',' | 'G' => (Element::Group, 1),
                '.' | 'D' => (Element::Point, 1),
                'F' if upper.starts_with("FM") => {
                    template.compact = true;
                    rest = &rest[2..];
                    continue;
                }
                'M' if upper.starts_with("MI") => (Element::Minus, 2),
                'P' if upper.starts_with("PL") => (Element::Plus, 2),
                'S' if upper.starts_with("SG") => (Element::SignHere, 2),
                'S' => (Element::Sign, 1),
                _ => (Element::Literal(first), first.len_utf8()),
            };
            template.elements.push(element);
            rest = &rest[length..];
        }
        Ok(template)
    }

    fn point(&self) -> usize {
        let at = self.elements.iter().position(|element| *element == Element::Point);
        at.unwrap_or(self.elements.len())
    }

    fn digits(elements: &[Element]) -> usize {
        elements.iter().filter(|element| matches!(element, Element::Digit { .. })).count()
    }
}

/// Prints a number by a template.
pub(super) fn number(value: &Value, format: &str) -> RowResult<String> {
    let template = Template::parse(format)?;
    let fraction_digits = Template::digits(&template.elements[template.point()..]).min(38);
    let scale = u8::try_from(fraction_digits).expect("38 at most");
    let wide = DataType::Decimal { precision: 38, scale };
    let Value::Decimal(rounded) = super::cast(value, wide)? else {
        panic!("a number casts to a decimal");
    };
    Ok(Printer::new(&template, rounded).print())
}

/// Walks a template beside the digits of a number.
struct Printer<'a> {
    template: &'a Template,
    negative: bool,
    /// A character for each digit before the point; `None` is a blank.
    whole: Vec<Option<char>>,
    fraction: Vec<Option<char>>,
    output: String,
    signed: bool,
}

impl Printer<'_> {
    fn new(template: &Template, number: Decimal) -> Printer<'_> {
        let (before, after) = template.elements.split_at(template.point());
        let text = Decimal::new(number.unscaled.abs(), number.scale).to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let whole = if whole == "0" && !fraction.is_empty() { "" } else { whole };
        let overflows = whole.len() > Template::digits(before);
        let mut printer = Printer {
            template,
            negative: number.unscaled < 0,
            whole: if overflows { hashes(before) } else { whole_digits(before, whole) },
            fraction: if overflows {
                hashes(after)
            } else {
                fraction_digits(after, fraction, template.compact)
            },
            output: String::new(),
            signed: false,
        };
        let blank = |digits: &[Option<char>]| digits.iter().all(Option::is_none);
        if template.compact
            && blank(&printer.whole)
            && blank(&printer.fraction)
            && let Some(last) = printer.whole.last_mut()
        {
            *last = Some('0');
        }
        printer
    }

    /// True if the sign floats before the first digit.
    fn floats(&self) -> bool {
        !self
            .template
            .elements
            .iter()
            .any(|element| matches!(element, Element::Minus | Element::SignHere))
            && !self.signs_last()
    }

    /// True if `S` stands after the digits.
    fn signs_last(&self) -> bool {
        let sign = self.template.elements.iter().position(|element| *element == Element::Sign);
        let digit = |element: &Element| matches!(element, Element::Digit { .. });
        sign.is_some_and(|at| self.template.elements[..at].iter().any(digit))
    }

    fn print(mut self) -> String {
        let (mut whole, mut fraction) =
            (self.whole.clone().into_iter(), self.fraction.clone().into_iter());
        let mut after_point = false;
        let mut begun = false;
        for element in &self.template.elements {
            match element {
                Element::Digit { .. } => {
                    let digit = if after_point { fraction.next() } else { whole.next() }.flatten();
                    if let Some(digit) = digit {
                        self.sign();
                        begun = true;
                        self.output.push(digit);
                    } else if !after_point {
                        self.blank();
                    }
                }
                Element::Group if begun => self.output.push(','),
                Element::Group => self.blank(),
                Element::Point => {
                    self.sign();
                    after_point = true;
                    self.output.push('.');
                }
                Element::Sign if self.signs_last() => {
                    self.output.push(if self.negative { '-' } else { '+' });
                }
                Element::Sign => {}
                Element::SignHere => self.output.push(if self.negative { '-' } else { '+' }),
                Element::Minus if self.negative => self.output.push('-'),
                Element::Plus if !self.negative => self.output.push('+'),
                Element::Minus | Element::Plus => self.blank(),
                Element::Literal(char) => self.output.push(*char),
            }
        }
        self.output
    }

    fn blank(&mut self) {
        if !self.template.compact {
            self.output.push(' ');
        }
    }

    /// Writes the floating sign once, before the first digit or the point.
    fn sign(&mut self) {
        if self.signed || !self.floats() {
            return;
        }
        self.signed = true;
        let explicit = self.template.elements.contains(&Element::Sign);
        match (self.negative, explicit) {
            (true, _) => self.output.push('-'),
            (false, true) => self.output.push('+'),
            (false, false) => self.blank(),
        }
    }
}

fn hashes(elements: &[Element]) -> Vec<Option<char>> {
    vec![Some('#'); Template::digits(elements)]
}

/// Aligns digits to the right; from the first `0` on, zeros take the place of blanks.
fn whole_digits(elements: &[Element], digits: &str) -> Vec<Option<char>> {
    let zeros = elements.iter().filter_map(|element| match element {
        Element::Digit { zero } => Some(*zero),
        _ => None,
    });
    let missing = Template::digits(elements) - digits.len();
    let mut digits = digits.chars();
    let mut filling = false;
    let mut aligned = Vec::new();
    for (at, zero) in zeros.enumerate() {
        filling |= zero;
        aligned.push(match at >= missing {
            true => digits.next(),
            false => filling.then_some('0'),
        });
    }
    aligned
}

/// Aligns digits to the left; compact templates drop zeros at the end, where a `9` stands.
fn fraction_digits(elements: &[Element], digits: &str, compact: bool) -> Vec<Option<char>> {
    let zeros: Vec<bool> = elements
        .iter()
        .filter_map(|element| match element {
            Element::Digit { zero } => Some(*zero),
            _ => None,
        })
        .collect();
    let mut aligned: Vec<Option<char>> = zeros
        .iter()
        .zip(digits.chars().map(Some).chain(std::iter::repeat(Some('0'))))
        .map(|(_, digit)| digit)
        .collect();
    let mut at = aligned.len();
    while compact && at > 0 && !zeros[at - 1] && aligned[at - 1] == Some('0') {
        at -= 1;
        aligned[at] = None;
    }
    aligned
}

#[cfg(test)]
mod tests {
    use types::{Decimal, Value};

    use super::number;

    #[test]
    fn numbers_print_as_postgresql_does() {
        // SELECT to_char(…::numeric, …) in PostgreSQL 15.
        for (value, format, wanted) in [
            ("1234.5", "9,999.99", " 1,234.50"),
            ("-12", "999", " -12"),
            ("12", "999", "  12"),
            ("0", "999", "   0"),
            ("0", "9.99", "  .00"),
            ("0.5", "999.99", "    .50"),
            ("0.5", "FM999.99", ".5"),
            ("0.5", "0.9", " 0.5"),
            ("12345", "999", " ###"),
            ("-0.5", "990.0", "  -0.5"),
            ("1234", "FM9,999", "1,234"),
            ("12", "FM0000", "0012"),
            ("12", "S999", " +12"),
            ("-12", "999S", " 12-"),
            ("-12", "999MI", " 12-"),
            ("12", "999MI", " 12 "),
            ("12", "FM999MI", "12"),
            ("1.5", "FM999.900", "1.500"),
            ("1.25", "9.9", " 1.3"),
            ("12", "$999", "$  12"),
            ("-12", "$999", "$ -12"),
            ("123", "9,999", "   123"),
            ("-12", "9,999", "   -12"),
            ("485", "\"Good:\"999", "Good: 485"),
            ("12", "PL999", "+  12"),
            ("-5", "FM9", "-5"),
            ("12", "00,000", " 00,012"),
            ("12", "SG999", "+ 12"),
            ("-12", "SG999", "- 12"),
            ("0.0", "FM9.99", "0."),
            ("100", "FM9.99", "#.##"),
        ] {
            let decimal = Value::Decimal(Decimal::parse(value).unwrap());
            assert_eq!(number(&decimal, format).unwrap(), wanted, "{value} {format}");
        }
        assert!(number(&Value::Int64(1), "9EEEE").is_err());
    }
}
