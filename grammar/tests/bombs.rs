//! Text made to overflow a stack or a clock: each is answered in seconds, debug build and busy machine included, on a thread with
//! 2 MB, the drop of its tree included.

use std::time::{Duration, Instant};

use diag::Code;
use spectradb_grammar::{dump, parse_statement, print};

/// Parses on a small stack; prints, dumps and drops what comes out. Returns the error's code.
fn answer(text: String) -> Option<Code> {
    let work = move || {
        let start = Instant::now();
        let code = match parse_statement(&text) {
            Ok(tree) => {
                let printed = print(&tree);
                match parse_statement(&printed) {
                    Ok(again) => assert!(again == tree.clone(), "another tree"),
                    Err(mistake) => panic!("{mistake:?} in {:.200}", printed),
                }
                assert!(!dump(&tree).is_empty());
                None
            }
            Err(mistake) => Some(mistake.code),
        };
        (code, start.elapsed())
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap();
    let (code, took) = thread.join().expect("no overflow");
    assert!(took < Duration::from_secs(10), "{took:?}");
    code
}

fn nested(open: &str, inside: &str, close: &str, count: usize) -> String {
    format!("{}{inside}{}", open.repeat(count), close.repeat(count))
}

#[test]
fn deep_nests_are_refused() {
    let bombs = [
        format!("SELECT {}", nested("(", "1", ")", 100_000)),
        format!("SELECT {}1", "1+".repeat(100_000)),
        format!("SELECT {}1", "NOT ".repeat(100_000)),
        format!("SELECT {}1", "- ".repeat(100_000)),
        format!("SELECT {}", nested("CASE WHEN a THEN ", "1", " END", 20_000)),
        format!("SELECT {}", nested("f(", "1", ")", 50_000)),
        format!("SELECT a{}", "[1]".repeat(50_000)),
        format!("SELECT a{}", "::int".repeat(50_000)),
        format!("SELECT a{}", " IS NULL".repeat(50_000)),
        format!("SELECT ARRAY{}", nested("[", "1", "]", 50_000)),
        format!("SELECT * FROM {}", nested("(SELECT * FROM ", "t", ") s", 20_000)),
        format!("SELECT * FROM t{}", " JOIN t ON a = b".repeat(20_000)),
        format!("{}1", "((((SELECT ".repeat(20_000)),
        format!("{} SELECT 1", "EXPLAIN ".repeat(50_000)),
        "(".repeat(100_000),
        format!("SELECT {}", "[".repeat(100_000)),
    ];
    for bomb in bombs {
        let start: String = bomb.chars().take(40).collect();
        assert_eq!(answer(bomb), Some(Code::TooDeep), "{start}");
    }
}

#[test]
fn long_lists_are_no_nests() {
    let lists = [
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(20_000)),
        format!("SELECT a = 1{}", " OR a = 1".repeat(20_000)),
        format!("SELECT a{}", " AND a".repeat(20_000)),
        format!("INSERT INTO t VALUES (1, 'a'){}", ", (1 + 2, 'a')".repeat(20_000)),
        format!("SELECT a IN (1{})", ", 1".repeat(50_000)),
    ];
    for list in lists {
        let start: String = list.chars().take(40).collect();
        assert_eq!(answer(list), None, "{start}");
    }
}

#[test]
fn what_the_limit_lets_through_fits_the_stack() {
    let depth = spectradb_grammar::DEPTH_MAX as usize - 10;
    let deepest = [
        format!("SELECT {}", nested("(", "1", ")", depth)),
        format!("SELECT {}1", "1+".repeat(depth)),
        format!("SELECT {}1", "NOT ".repeat(depth)),
        format!("SELECT {}", nested("CASE WHEN a THEN ", "1", " END", depth)),
        format!("SELECT {}", nested("f(", "1", ")", depth)),
        format!("SELECT {}", nested("(SELECT ", "1", ")", depth / 5 - 2)),
        format!("SELECT * FROM {}", nested("(SELECT * FROM ", "t", ") s", depth / 6 - 2)),
        format!("SELECT * FROM t{}", " JOIN t ON a = b".repeat(depth - 10)),
    ];
    for text in deepest {
        let start: String = text.chars().take(40).collect();
        assert_eq!(answer(text), None, "{start}");
    }
}

#[test]
fn comments_nest_without_a_stack() {
    let closed = format!("SELECT {} 1", nested("/*", "", "*/", 100_000));
    assert_eq!(answer(closed), None);
    assert_eq!(answer(format!("SELECT {}", "/*".repeat(100_000))), Some(Code::Unterminated));
}
