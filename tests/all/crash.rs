//! kill -9 while writing: every acknowledged commit is there afterwards, none in part, AS OF
//! unchanged (reliability.md, R1).
//!
//! The test starts itself as a child that writes, flushes and compacts all the time and reports each
//! commit over a pipe once it is acknowledged. The parent keeps those reports, kills the child, opens
//! the directory and checks. Kills are aimed: a third falls into each of flush, compaction and
//! manifest switch where the child gets there, the rest at random.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use spectradb::{Database, DatabaseOptions, Observer, Outcome, Phase};

use crate::support::rows;

const FOLDER: &str = "SPECTRADB_CRASH_FOLDER";
const START: &str = "SPECTRADB_CRASH_START";
const ACCOUNTS: u64 = 20;

/// How many kills a run makes; more for a soak.
fn cycles() -> u32 {
    std::env::var("SPECTRADB_CRASH_CYCLES").ok().and_then(|text| text.parse().ok()).unwrap_or(50)
}

/// Every transfer moves money between two accounts, so that the sum tells of a commit in part.
#[test]
fn acknowledged_commits_survive_kill_9() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("db");
    let mut acknowledged = prepare(&path);
    let mut counts = [0_u32; 4];
    for cycle in 0..cycles() {
        let fell = run_and_kill(&path, cycle, &mut acknowledged);
        counts[fell as usize] += 1;
        check(&path, &acknowledged, cycle);
    }
    let [elsewhere, flush, compaction, manifest] = counts;
    println!(
        "kill -9: {} cycles, {} commits acknowledged and found; {flush} kills fell into flush, \
         {compaction} into compaction, {manifest} into a manifest switch, {elsewhere} elsewhere",
        cycles(),
        acknowledged.len()
    );
    assert!(flush > 0 && compaction > 0 && manifest > 0, "every phase was hit: {counts:?}");
}

/// A commit that the child reported: its id and the sum of all balances squared after it.
struct Acknowledged {
    commit: u64,
    print: String,
}

fn prepare(path: &Path) -> Vec<Acknowledged> {
    let database = Database::open(path).expect("it opens");
    let mut session = database.session();
    rows(
        &mut session,
        "CREATE TABLE account (id INT PRIMARY KEY, balance INT NOT NULL, note TEXT)",
    );
    let values: Vec<String> = (0..ACCOUNTS).map(|id| format!("({id}, 1000, 'opened')")).collect();
    let sql = format!("INSERT INTO account VALUES {}", values.join(", "));
    match session.sql(&sql).expect("it inserts") {
        Outcome::Done(done) => assert_eq!(done.commit_id, Some(2)),
        Outcome::Rows(_) => panic!("an insert gives no rows"),
    }
    let print = fingerprint(&mut session, "");
    vec![Acknowledged { commit: 2, print }]
}

/// All balances in one text: equal texts mean equal states.
fn fingerprint(session: &mut spectradb::Session, at: &str) -> String {
    rows(session, &format!("SELECT id, balance FROM account ORDER BY id{at}")).join(",")
}

/// Where a kill fell, by the child's last word on it.
#[derive(Clone, Copy)]
#[repr(usize)]
enum Fell {
    Elsewhere = 0,
    Flush = 1,
    Compaction = 2,
    Manifest = 3,
}

fn run_and_kill(path: &Path, cycle: u32, acknowledged: &mut Vec<Acknowledged>) -> Fell {
    let mut child = start(path, u64::from(cycle));
    let reports = Arc::new(Mutex::new(Vec::new()));
    let phase = Arc::new(AtomicU64::new(0));
    let reader = std::thread::spawn({
        let (reports, phase) = (Arc::clone(&reports), Arc::clone(&phase));
        let stdout = child.stdout.take().expect("it is piped");
        move || read_reports(BufReader::new(stdout), &reports, &phase)
    });
    aim(cycle, &phase);
    child.kill().expect("it is ours to kill");
    child.wait().expect("it ends");
    reader.join().expect("the reader ends with the pipe");
    acknowledged.append(&mut reports.lock().expect("no reader panicked"));
    match phase.load(Ordering::SeqCst) {
        1 => Fell::Flush,
        2 => Fell::Compaction,
        3 => Fell::Manifest,
        _ => Fell::Elsewhere,
    }
}

/// Waits for the moment to kill: a phase in three cycles of four, any moment in the fourth.
fn aim(cycle: u32, phase: &AtomicU64) {
    let wanted = u64::from(cycle % 4);
    let pause = Duration::from_micros(u64::from(cycle) * 7_919 % 40_000);
    std::thread::sleep(Duration::from_millis(60) + pause);
    if wanted == 0 {
        return;
    }
    for _ in 0..40_000 {
        if phase.load(Ordering::SeqCst) == wanted {
            return;
        }
        std::thread::sleep(Duration::from_micros(50));
    }
}

/// Lines of the child: `phase n` and `commit id print`.
fn read_reports(pipe: impl BufRead, reports: &Mutex<Vec<Acknowledged>>, phase: &AtomicU64) {
    for line in pipe.lines() {
        let Ok(line) = line else { return };
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["phase", number] => {
                phase.store(number.parse().unwrap_or(0), Ordering::SeqCst);
            }
            // A line cut off by the kill lacks its closing word.
            ["commit", id, print, "."] => {
                let commit = id.parse().expect("the child writes numbers");
                let print = (*print).to_owned();
                reports.lock().expect("no checker panicked").push(Acknowledged { commit, print });
            }
            _ => {}
        }
    }
}

fn check(path: &Path, acknowledged: &[Acknowledged], cycle: u32) {
    let database = Database::open(path).expect("it opens after the kill");
    let mut session = database.session();
    let total = rows(&mut session, "SELECT sum(balance), count(*) FROM account");
    assert_eq!(total, [format!("{}|{ACCOUNTS}", ACCOUNTS * 1000)], "cycle {cycle}: in part");
    // The newest in full, and a sample of the older ones.
    let stride = (acknowledged.len() / 40).max(1);
    let sample = acknowledged.iter().rev().take(5).chain(acknowledged.iter().step_by(stride));
    for fact in sample {
        let print = fingerprint(&mut session, &format!(" AS OF {}", fact.commit));
        assert_eq!(print, fact.print, "cycle {cycle}: commit {} changed", fact.commit);
    }
    let last = acknowledged.last().expect("there is one").commit;
    let newest = rows(&mut session, "SELECT max(commit_id) FROM system.commits");
    let newest: u64 = newest[0].parse().expect("a number");
    assert!(newest >= last, "cycle {cycle}: commit {last} was acknowledged and is lost");
}

fn start(path: &Path, seed: u64) -> Child {
    let program = std::env::current_exe().expect("we run");
    Command::new(program)
        .args(["crash::child", "--exact", "--nocapture", "--ignored", "--test-threads=1"])
        .env(FOLDER, path)
        .env(START, seed.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts")
}

/// The child's part: not a test of its own, it runs until it is killed.
#[test]
#[ignore = "started by acknowledged_commits_survive_kill_9 as the process to kill"]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let seed: u64 = std::env::var(START).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let options = DatabaseOptions {
        // So small that flushes and compactions never end.
        memtable_bytes: 16 << 10,
        observer: Some(Observer(Arc::new(report_phase))),
        ..DatabaseOptions::default()
    };
    let database = Database::open_with(Path::new(&folder), options).expect("it opens");
    let mut session = database.session();
    let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    loop {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        transfer(&mut session, random);
    }
}

fn transfer(session: &mut spectradb::Session, random: u64) {
    let (from, to) = (random % ACCOUNTS, random / ACCOUNTS % ACCOUNTS);
    let amount = random % 50;
    let note = "x".repeat((random % 400) as usize);
    rows(session, "BEGIN");
    let update = |sign: &str, id: u64| {
        format!(
            "UPDATE account SET balance = balance {sign} {amount}, note = '{note}' WHERE id = {id}"
        )
    };
    rows(session, &update("-", from));
    rows(session, &update("+", to));
    let print = fingerprint(session, "");
    if let Outcome::Done(done) = session.sql("COMMIT").expect("nobody else writes")
        && let Some(commit) = done.commit_id
    {
        report(&format!("commit {commit} {print} ."));
    }
}

fn report_phase(phase: Phase) {
    let number = match phase {
        Phase::Idle => 0,
        Phase::Flush => 1,
        Phase::Compaction => 2,
        Phase::Manifest => 3,
    };
    report(&format!("phase {number}"));
}

fn report(line: &str) {
    let mut out = std::io::stdout().lock();
    // The parent reads until it kills us.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
