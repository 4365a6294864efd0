//! Users' files in and out: CSV.
