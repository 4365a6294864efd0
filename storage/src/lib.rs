//! The bitemporal log-structured merge store: WAL, memtable, segments, compaction, commit, snapshots, scans.
