//! The only place that knows ariadne: a diagnostic and its text become a report for a terminal.

use ariadne::{CharSet, Config, IndexType, Label as Mark, Report, ReportKind, Source};

use crate::{Diagnostic, Label, Span, remark};

/// How a report looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// No colour: pipes, files, `NO_COLOR`.
    Plain,
    /// ANSI colours.
    Color,
}

/// Returns the report of `diagnostic` over `text`, which is called `name` in its header.
///
/// Ends with a line break. Spans outside the text are drawn at its end, never refused: an error
/// about an error would hide the first one.
pub fn render(diagnostic: &Diagnostic, name: &str, text: &str, style: Style) -> String {
    let mut out = render_one(diagnostic, name, text, style);
    for other in &diagnostic.others {
        out.push_str(&render_one(other, name, text, style));
    }
    out
}

fn render_one(diagnostic: &Diagnostic, name: &str, text: &str, style: Style) -> String {
    let config = Config::default()
        .with_index_type(IndexType::Byte)
        .with_char_set(CharSet::Unicode)
        .with_color(style == Style::Color);
    let Some(primary) = diagnostic.span() else {
        return render_bare(diagnostic);
    };
    let place = drawable(primary, text);
    let mut report = Report::build(ReportKind::Error, (name, place))
        .with_config(config)
        .with_code(diagnostic.code.id())
        .with_message(&diagnostic.message);
    for (span, remark) in marks(diagnostic) {
        report = report.with_label(Mark::new((name, drawable(span, text))).with_message(remark));
    }
    if let Some(help) = &diagnostic.help {
        report = report.with_help(help);
    }
    if let Some(detail) = &diagnostic.detail {
        report = report.with_note(detail);
    }
    let mut bytes = Vec::new();
    let drawn = report.finish().write((name, Source::from(text)), &mut bytes);
    match (drawn, String::from_utf8(bytes)) {
        (Ok(()), Ok(report)) => trim_line_ends(&report),
        _ => render_bare(diagnostic),
    }
}

/// The places to mark and what to write there.
///
/// A mark without words is not drawn, so a primary place without any gets those of its code. One that
/// holds labelled places is marked by these: a line under the whole would run through theirs.
fn marks(diagnostic: &Diagnostic) -> Vec<(Span, &str)> {
    let labels = &diagnostic.labels;
    let inside = |outer: &Label, inner: &Label| {
        outer.span.start <= inner.span.start && inner.span.end <= outer.span.end
    };
    let Some((primary, others)) = labels.split_first() else { return Vec::new() };
    let mut marks = Vec::with_capacity(labels.len());
    if !primary.text.is_empty() {
        marks.push((primary.span, primary.text.as_str()));
    } else if !others.iter().any(|other| inside(primary, other)) {
        marks.push((primary.span, remark::of(diagnostic.code)));
    }
    let labelled = others.iter().filter(|other| !other.text.is_empty());
    marks.extend(labelled.map(|other| (other.span, other.text.as_str())));
    marks
}

/// The report of a mistake that no text stands behind.
fn render_bare(diagnostic: &Diagnostic) -> String {
    let mut out = format!("[{}] Error: {}\n", diagnostic.code.id(), diagnostic.message);
    for (word, text) in [("Help", &diagnostic.help), ("Note", &diagnostic.detail)] {
        if let Some(text) = text {
            out.push_str(&format!("  {word}: {text}\n"));
        }
    }
    out
}

/// A span that ariadne can draw: inside the text, on character borders, not empty where it can be.
fn drawable(span: Span, text: &str) -> std::ops::Range<usize> {
    let mut start = (span.start as usize).min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = (span.end as usize).clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    if start == end && start == text.len() {
        // The end of the text: point at its last visible character.
        let last = text.trim_end().char_indices().next_back();
        let (at, width) = last.map_or((0, 0), |(at, character)| (at, character.len_utf8()));
        return at..at + width;
    }
    start..end.max(start + text[start..].chars().next().map_or(0, char::len_utf8))
}

fn trim_line_ends(report: &str) -> String {
    report.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[cfg(test)]
mod tests {
    use super::{Style, render};
    use crate::{Code, Diagnostic, Span};

    #[test]
    fn a_report_points_at_its_column() {
        let text = "SELECT é,\n  salry FROM staff";
        let start = text.find("salry").expect("it is there") as u32;
        let report = Diagnostic::at(
            Code::UnknownColumn,
            Span::new(start, start + 5),
            "column \"salry\" does not exist",
        )
        .primary("not a column of \"staff\"")
        .help("did you mean \"salary\"?");
        let drawn = render(&report, "query", text, Style::Plain);
        assert!(drawn.contains("query:2:3"), "{drawn}");
        assert!(drawn.contains("not a column of"), "{drawn}");
        assert!(drawn.contains("did you mean"), "{drawn}");
    }

    #[test]
    fn every_report_has_a_mark_and_no_mark_runs_through_another() {
        let text = "SELECT name + 1";
        let bare = Diagnostic::at(Code::UnknownOperator, Span::new(7, 15), "odd");
        let drawn = render(&bare, "query", text, Style::Plain);
        assert!(drawn.contains("────┬───"), "{drawn}");
        assert!(drawn.contains("╰───── here"), "{drawn}");
        let named = Diagnostic::at(Code::DivisionByZero, Span::new(7, 15), "odd");
        assert!(render(&named, "query", text, Style::Plain).contains("the divisor is zero"));
        let parts = bare.label(Span::new(7, 11), "TEXT").label(Span::new(14, 15), "BIGINT");
        let drawn = render(&parts, "query", text, Style::Plain);
        assert!(drawn.contains("query:1:8"), "{drawn}");
        assert!(drawn.contains("──┬─   ┬\n"), "{drawn}");
    }

    #[test]
    fn odd_spans_never_panic() {
        let spans = [(0, 0), (0, 1), (1, 1), (1, 2), (2, 9), (5, 5), (9, 9), (7, 12)];
        for text in ["", "é", "\n", "é\n\n", "x é", "\u{feff}", "a\r\nb", "日本語"] {
            for (start, end) in spans {
                let mistake = Diagnostic::at(Code::Syntax, Span { start, end }, "odd")
                    .primary("here")
                    .label(Span { start: end, end: end + 3 }, "there");
                let drawn = render(&mistake, "query", text, Style::Plain);
                assert!(drawn.contains("odd"), "{drawn}");
            }
        }
    }
}
