//! SpectraDB: an embedded, append-only, bitemporal SQL ledger database.
