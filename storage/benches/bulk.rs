//! Bulk load and scans of rows like TPC-H's `lineitem`: what each step costs a row.
//!
//! `cargo bench -p spectradb-storage --bench bulk -- [rows] [rows a commit]`; the files go to a
//! temporary directory. Times are of one thread, but for what runs in the background.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use spectradb_storage::vfs::StdVfs;
use spectradb_storage::{
    CommitMeta, Durability, KeyColumn, Predicate, PredicateOp, ReadPoint, ScanColumn, ScanRequest,
    StdClock, Store, StoreOptions, TreeColumn, TreeSchema, View,
};
use types::{ColumnId, DataType, Date, Decimal, Period, TreeId, Value};

const TREE: TreeId = TreeId(1);
const MONEY: DataType = DataType::Decimal { precision: 15, scale: 2 };
const COLUMNS: [DataType; 16] = [
    DataType::Int64,
    DataType::Int64,
    DataType::Int64,
    DataType::Int32,
    MONEY,
    MONEY,
    MONEY,
    MONEY,
    DataType::TEXT,
    DataType::TEXT,
    DataType::Date,
    DataType::Date,
    DataType::Date,
    DataType::TEXT,
    DataType::TEXT,
    DataType::TEXT,
];
const WORDS: [&str; 8] =
    ["furiously", "express", "deposits", "sleep", "quickly", "final", "packages", "haggle"];
const MODES: [&str; 7] = ["REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"];

fn schema() -> TreeSchema {
    let column = |(id, ty)| TreeColumn { id: ColumnId(id), ty, nullable: false };
    TreeSchema {
        id: TREE,
        columns: (0..).zip(COLUMNS).map(column).collect(),
        key: [0, 3].map(|id| KeyColumn { column: ColumnId(id), descending: false }).to_vec(),
    }
}

fn mix(mut state: u64) -> u64 {
    state = state.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    state ^ (state >> 31)
}

fn row(number: u64) -> Vec<Value> {
    let random = mix(number);
    let pick = |shift: u32, of: u64| (random >> shift) % of;
    let money = |unscaled: u64| Value::Decimal(Decimal { unscaled: unscaled.into(), scale: 2 });
    let day = |shift| Value::Date(Date(8_000 + pick(shift, 2_500) as i32));
    let quantity = 1 + pick(3, 50);
    let comment: Vec<_> = (0..4).map(|word| WORDS[pick(word * 3 + 20, 8) as usize]).collect();
    vec![
        Value::Int64((number / 4 * 8) as i64),
        Value::Int64(1 + pick(5, 200_000) as i64),
        Value::Int64(1 + pick(11, 10_000) as i64),
        Value::Int32(1 + (number % 4) as i32),
        money(quantity * 100),
        money(quantity * (90_000 + pick(9, 100_000))),
        money(pick(17, 11)),
        money(pick(19, 9)),
        Value::text(["A", "N", "R"][pick(2, 3) as usize]),
        Value::text(["F", "O"][pick(4, 2) as usize]),
        day(13),
        day(23),
        day(33),
        Value::text(["DELIVER IN PERSON", "COLLECT COD", "NONE"][pick(6, 3) as usize]),
        Value::text(MODES[pick(8, 7) as usize]),
        Value::text(comment.join(" ")),
    ]
}

/// Memory of the process: now, and the most it ever had, in MiB.
fn memory() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0)
    };
    (field("VmRSS:") / 1024, field("VmHWM:") / 1024)
}

fn report(step: &str, took: Duration, rows: u64) {
    let a_row = took.as_nanos() as f64 / rows as f64;
    let (now, most) = memory();
    println!(
        "{step:<34} {:>9.1} ms {a_row:>9.2} ns a row {:>8.2} M rows/s   {now} MiB, {most} at most",
        took.as_secs_f64() * 1e3,
        1e3 / a_row
    );
}

fn scan(view: &View, name: &str, columns: &[u32], predicates: Vec<Predicate>, rows: u64) {
    let at = ReadPoint::as_of(view.commit());
    let columns = columns.iter().map(|&id| ScanColumn::Stored(ColumnId(id))).collect();
    let request = ScanRequest { tree: TREE, columns, predicates, key_range: None, at };
    let mut best = Duration::MAX;
    let mut line = String::new();
    for _ in 0..3 {
        let began = Instant::now();
        let scan = view.scan(&request).expect("the tree is there");
        let found: usize = (0..scan.morsels())
            .flat_map(|morsel| scan.read(morsel))
            .map(|batch| batch.expect("the files are whole").rows())
            .sum();
        best = best.min(began.elapsed());
        let counters = scan.counters();
        line = format!(
            "{found} rows; blocks {}, all visible {}, skipped {}",
            counters.blocks_total, counters.blocks_all_visible, counters.blocks_skipped
        );
    }
    report(&format!("scan {name}"), best, rows);
    println!("    {line}");
}

fn scans(view: &View, rows: u64) {
    let compare = |id, op, value| Predicate {
        column: ScanColumn::Stored(ColumnId(id)),
        op,
        values: vec![value],
    };
    scan(view, "no column", &[], vec![], rows);
    scan(view, "BIGINT key", &[0], vec![], rows);
    scan(view, "BIGINT", &[1], vec![], rows);
    scan(view, "DECIMAL", &[5], vec![], rows);
    scan(view, "DATE", &[10], vec![], rows);
    scan(view, "short TEXT", &[14], vec![], rows);
    scan(view, "long TEXT", &[15], vec![], rows);
    let late = compare(10, PredicateOp::Ge, Value::Date(Date(10_400)));
    scan(view, "DECIMAL, 4 % by date", &[5], vec![late.clone()], rows);
    let cheap = compare(4, PredicateOp::Lt, Value::Decimal(Decimal { unscaled: 2_400, scale: 2 }));
    scan(view, "Q6: two predicates, two columns", &[5, 6], vec![late, cheap], rows);
    let one = compare(0, PredicateOp::Eq, Value::Int64(rows as i64));
    scan(view, "one key by predicate", &[5], vec![one], rows);
    scan(view, "Q1: seven columns", &[4, 5, 6, 7, 8, 9, 10], vec![], rows);
    let all: Vec<_> = (0..16).collect();
    scan(view, "all columns", &all, vec![], rows);
}

fn gets(view: &View, rows: u64) {
    let count = 100_000.min(rows);
    let at = ReadPoint::as_of(view.commit());
    let began = Instant::now();
    for number in 0..count {
        let number = mix(number) % rows;
        let key = [Value::Int64((number / 4 * 8) as i64), Value::Int32(1 + (number % 4) as i32)];
        let found = view.get(TREE, &key, &[ScanColumn::Stored(ColumnId(5))], at);
        assert_eq!(found.expect("the files are whole").len(), 1);
    }
    report("get", began.elapsed(), count);
}

fn load(store: &Store, rows: u64, a_commit: u64) {
    let mut transaction = store.begin();
    transaction.create_tree(schema());
    transaction.commit(&CommitMeta::default()).expect("an empty store");
    let (mut making, mut putting, mut committing) =
        (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let mut next = 0;
    while next < rows {
        let end = rows.min(next + a_commit);
        let mut transaction = store.begin();
        while next < end {
            let began = Instant::now();
            let made: Vec<_> = (next..end.min(next + 1_000)).map(row).collect();
            making += began.elapsed();
            let began = Instant::now();
            for row in &made {
                transaction.put(TREE, row, Period::ALWAYS).expect("a row of the schema");
            }
            putting += began.elapsed();
            next += made.len() as u64;
        }
        let began = Instant::now();
        transaction.commit(&CommitMeta::default()).expect("room on the disk");
        committing += began.elapsed();
    }
    report("(making rows)", making, rows);
    report("put", putting, rows);
    report("commit", committing, rows);
}

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|text| text.parse::<u64>().ok());
    let rows = numbers.next().unwrap_or(1_000_000);
    let a_commit = numbers.next().unwrap_or(100_000);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let options = StoreOptions { durability: Durability::Sync, ..StoreOptions::default() };
    let open = |path: &Path| {
        Store::open(Arc::new(StdVfs), Arc::new(StdClock), path, options.clone())
            .expect("a directory of our own")
    };
    let store = open(directory.path());
    println!("{rows} rows, {a_commit} a commit");
    load(&store, rows, a_commit);
    if rows <= 1_000_000 {
        scan(&store.snapshot(), "in memory, BIGINT", &[1], vec![], rows);
        scan(&store.snapshot(), "in memory, all columns", &[0, 15], vec![], rows);
    }
    let began = Instant::now();
    store.flush().expect("room on the disk");
    report("flush", began.elapsed(), rows);
    let began = Instant::now();
    store.compact().expect("room on the disk");
    report("compact", began.elapsed(), rows);
    println!("{:?}", store.stats());
    scans(&store.snapshot(), rows);
    gets(&store.snapshot(), rows);
    store.close().expect("room on the disk");
    let began = Instant::now();
    let store = open(directory.path());
    report("open", began.elapsed(), rows);
    scan(&store.snapshot(), "after opening, DECIMAL", &[5], vec![], rows);
}
