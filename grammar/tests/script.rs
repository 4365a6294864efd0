//! Cutting text into statements and classified tokens.

use spectradb_grammar::{TokenClass, parse_script, split, tokens};

fn pieces(text: &str) -> (Vec<&str>, Option<&str>, bool) {
    let cut = split(text);
    let complete = cut.complete.iter().map(|span| span.text(text)).collect();
    (complete, cut.rest.map(|span| span.text(text)), cut.unterminated)
}

#[test]
fn semicolons_cut_outside_of_strings_and_comments() {
    let text = " -- a;\nSELECT ';', \"a;b\", $$;$$ /* ; /* ; */ ; */ ;; SELECT 2 ; SELECT";
    assert_eq!(
        pieces(text),
        (vec!["SELECT ';', \"a;b\", $$;$$", "SELECT 2"], Some("SELECT"), false)
    );
}

#[test]
fn open_text_waits_for_more() {
    assert_eq!(pieces("SELECT 1; SELECT 'a;"), (vec!["SELECT 1"], Some("SELECT 'a;"), true));
    assert_eq!(pieces("SELECT 1; /* a;"), (vec!["SELECT 1"], None, true));
    assert_eq!(pieces("-- only a comment"), (vec![], None, false));
    assert!(split("SELECT 1;\n").is_complete());
    assert_eq!(split("SELECT 1; SELECT").consumed, 9);
}

#[test]
fn tokens_have_classes() {
    let text = "SELECT a, \"B\", 'x', 1.5, $1 + é FROM valid \u{1}";
    let classes: Vec<TokenClass> = tokens(text)
        .into_iter()
        .map(|token| token.class)
        .filter(|class| *class != TokenClass::Punctuation)
        .collect();
    assert_eq!(
        classes,
        [
            TokenClass::Keyword,
            TokenClass::Name,
            TokenClass::QuotedName,
            TokenClass::String,
            TokenClass::Number,
            TokenClass::Parameter,
            TokenClass::Operator,
            TokenClass::Name,
            TokenClass::Keyword,
            TokenClass::Keyword,
            TokenClass::Fault,
        ]
    );
}

/// The Quickstart of the README of the first engine.
#[test]
fn the_quickstart_parses() {
    let text = r#"
-- Legacy schema (JSON documents)
CREATE TABLE events (pk TEXT PRIMARY KEY);
INSERT INTO events (pk, doc) VALUES ('evt-1', '{"type":"signup","user":"alice"}');
INSERT INTO events (pk, doc) VALUES ('evt-2', '{"type":"purchase","user":"bob","amount":49.99}');
CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT NOT NULL, balance REAL);
INSERT INTO accounts (id, name, balance) VALUES (1, 'alice', 1000.0);
INSERT INTO accounts (id, name, balance) VALUES (2, 'bob', 500.0);
SELECT pk, doc FROM events ORDER BY pk LIMIT 10;
SELECT doc FROM events WHERE pk='evt-1' AS OF 1;
SELECT doc FROM events VALID AT 1000;
SELECT count(*), sum(doc.amount) FROM events GROUP BY doc.type HAVING count(*) > 1;
SELECT pk, doc, ROW_NUMBER() OVER (ORDER BY pk) AS rn FROM events;
SELECT pk, doc FROM events JOIN accounts ON events.pk=accounts.pk ORDER BY pk ASC;
UPDATE events SET doc = '{"type":"refund","user":"bob"}' WHERE pk = 'evt-2';
DELETE FROM events WHERE pk = 'evt-1';
BEGIN;
INSERT INTO events (pk, doc) VALUES ('evt-3', '{"type":"refund","user":"bob"}');
COMMIT;
"#;
    let statements = parse_script(text).expect("all of it");
    assert_eq!(statements.len(), 17);
}
