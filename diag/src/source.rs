//! From byte offsets to the lines and columns that people count.

/// A 1-based line and column, counted in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// Returns the position of byte `offset` in `text`.
///
/// An offset past the end, or inside a character, counts as the nearest border before it.
pub fn position(text: &str, offset: u32) -> Position {
    let mut end = (offset as usize).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = &text[..end];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before[line_start..].chars().count() + 1;
    Position { line: saturate(line), column: saturate(column) }
}

fn saturate(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Position, position};

    #[test]
    fn positions_count_characters() {
        let text = "né\nxé y";
        assert_eq!(position(text, 0), Position { line: 1, column: 1 });
        assert_eq!(position(text, 3), Position { line: 1, column: 3 });
        assert_eq!(position(text, 4), Position { line: 2, column: 1 });
        assert_eq!(position(text, 7), Position { line: 2, column: 3 });
        assert_eq!(position(text, 6), Position { line: 2, column: 2 });
        assert_eq!(position(text, 99), Position { line: 2, column: 5 });
    }
}
