//! The tree as indented text.
//!
//! The alternate form of `Debug` passes every byte through one adapter a level, so its cost grows
//! with the square of the depth: half a minute for the deepest trees. The plain form is linear,
//! and so is indenting it here; the result is the same to the byte.

use crate::ast::Statement;

/// Returns the tree of `statement` as indented text, for `EXPLAIN (AST)`. Spans are left out.
pub fn dump(statement: &Statement) -> String {
    let mut out = indent(&format!("{statement:?}"));
    out.push('\n');
    out
}

/// Breaks and indents the plain `Debug` form of a value.
fn indent(plain: &str) -> String {
    let mut out = String::with_capacity(plain.len() * 4);
    let mut depth = 0;
    let mut rest = plain.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '"' => copy_string(&mut rest, &mut out),
            '{' | '[' | '(' => {
                out.push(character);
                if let Some(closer) = rest.next_if(|next| matches!(next, '}' | ']' | ')')) {
                    out.push(closer);
                } else {
                    depth += 1;
                    rest.next_if_eq(&' ');
                    break_line(&mut out, depth);
                }
            }
            '}' | ']' | ')' => {
                depth -= 1;
                out.truncate(out.trim_end_matches(' ').len());
                out.push(',');
                break_line(&mut out, depth);
                out.push(character);
            }
            ',' => {
                out.push(',');
                rest.next_if_eq(&' ');
                break_line(&mut out, depth);
            }
            other => out.push(other),
        }
    }
    out
}

fn break_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("    ", depth));
}

/// Copies a quoted string, whose brackets and commas are text.
fn copy_string(rest: &mut impl Iterator<Item = char>, out: &mut String) {
    out.push('"');
    while let Some(character) = rest.next() {
        out.push(character);
        match character {
            '\\' => out.extend(rest.next()),
            '"' => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::dump;
    use crate::parse_statement;

    #[test]
    fn a_dump_is_the_alternate_debug_form() {
        for text in [
            "SELECT a, 'it''s \\ \"{[(,' AS b FROM t AS OF 5 WHERE f() IN (1, 2) GROUP BY ALL",
            "CREATE TABLE t (a INT PRIMARY KEY, b DECIMAL(1, 2)) WITH SYSTEM VERSIONING",
            "SET x = DEFAULT",
            "COMMIT",
        ] {
            let tree = parse_statement(text).expect("a good statement");
            assert_eq!(dump(&tree), format!("{tree:#?}\n"));
        }
    }
}
