//! TPC-H: its tables, the generator's `.tbl` files, and its queries.
//!
//! Source: TPC Benchmark H, revision 3.0.1, with the validation parameters of its queries.

mod queries;

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tpchgen::generators::{
    CustomerGenerator, LineItemGenerator, NationGenerator, OrderGenerator, PartGenerator,
    PartSuppGenerator, RegionGenerator, SupplierGenerator,
};

pub use queries::QUERIES;

/// A table: its name and the statement that makes it.
pub const TABLES: [(&str, &str); 8] = [
    (
        "region",
        "CREATE TABLE region (r_regionkey INTEGER PRIMARY KEY, r_name VARCHAR(25) NOT NULL, \
         r_comment VARCHAR(152))",
    ),
    (
        "nation",
        "CREATE TABLE nation (n_nationkey INTEGER PRIMARY KEY, n_name VARCHAR(25) NOT NULL, \
         n_regionkey INTEGER NOT NULL, n_comment VARCHAR(152))",
    ),
    (
        "part",
        "CREATE TABLE part (p_partkey INTEGER PRIMARY KEY, p_name VARCHAR(55) NOT NULL, \
         p_mfgr VARCHAR(25) NOT NULL, p_brand VARCHAR(10) NOT NULL, p_type VARCHAR(25) NOT NULL, \
         p_size INTEGER NOT NULL, p_container VARCHAR(10) NOT NULL, \
         p_retailprice DECIMAL(15,2) NOT NULL, p_comment VARCHAR(23) NOT NULL)",
    ),
    (
        "supplier",
        "CREATE TABLE supplier (s_suppkey INTEGER PRIMARY KEY, s_name VARCHAR(25) NOT NULL, \
         s_address VARCHAR(40) NOT NULL, s_nationkey INTEGER NOT NULL, \
         s_phone VARCHAR(15) NOT NULL, s_acctbal DECIMAL(15,2) NOT NULL, \
         s_comment VARCHAR(101) NOT NULL)",
    ),
    (
        "partsupp",
        "CREATE TABLE partsupp (ps_partkey INTEGER, ps_suppkey INTEGER, \
         ps_availqty INTEGER NOT NULL, ps_supplycost DECIMAL(15,2) NOT NULL, \
         ps_comment VARCHAR(199) NOT NULL, PRIMARY KEY (ps_partkey, ps_suppkey))",
    ),
    (
        "customer",
        "CREATE TABLE customer (c_custkey INTEGER PRIMARY KEY, c_name VARCHAR(25) NOT NULL, \
         c_address VARCHAR(40) NOT NULL, c_nationkey INTEGER NOT NULL, \
         c_phone VARCHAR(15) NOT NULL, c_acctbal DECIMAL(15,2) NOT NULL, \
         c_mktsegment VARCHAR(10) NOT NULL, c_comment VARCHAR(117) NOT NULL)",
    ),
    (
        "orders",
        "CREATE TABLE orders (o_orderkey INTEGER PRIMARY KEY, o_custkey INTEGER NOT NULL, \
         o_orderstatus VARCHAR(1) NOT NULL, o_totalprice DECIMAL(15,2) NOT NULL, \
         o_orderdate DATE NOT NULL, o_orderpriority VARCHAR(15) NOT NULL, \
         o_clerk VARCHAR(15) NOT NULL, o_shippriority INTEGER NOT NULL, \
         o_comment VARCHAR(79) NOT NULL)",
    ),
    (
        "lineitem",
        "CREATE TABLE lineitem (l_orderkey INTEGER, l_partkey INTEGER NOT NULL, \
         l_suppkey INTEGER NOT NULL, l_linenumber INTEGER, l_quantity DECIMAL(15,2) NOT NULL, \
         l_extendedprice DECIMAL(15,2) NOT NULL, l_discount DECIMAL(15,2) NOT NULL, \
         l_tax DECIMAL(15,2) NOT NULL, l_returnflag VARCHAR(1) NOT NULL, \
         l_linestatus VARCHAR(1) NOT NULL, l_shipdate DATE NOT NULL, l_commitdate DATE NOT NULL, \
         l_receiptdate DATE NOT NULL, l_shipinstruct VARCHAR(25) NOT NULL, \
         l_shipmode VARCHAR(10) NOT NULL, l_comment VARCHAR(44) NOT NULL, \
         PRIMARY KEY (l_orderkey, l_linenumber))",
    ),
];

/// A query: its number, its text here, and what makes a text for SQLite of it.
pub struct TpchQuery {
    /// Its number in the benchmark.
    pub number: u32,
    /// For SpectraDB.
    pub sql: &'static str,
    /// Pieces that SQLite does not understand, and what it has for them.
    pub sqlite: &'static [(&'static str, &'static str)],
}

impl TpchQuery {
    /// Returns the text for SQLite: dates are text, numbers are integers or doubles.
    pub fn for_sqlite(&self) -> String {
        let replace = |text: String, (ours, theirs): &(&str, &str)| text.replace(ours, theirs);
        self.sqlite.iter().fold(self.sql.to_owned(), replace).replace("DATE '", "'")
    }
}

/// An expression of ten operations over lineitem: what fused machine code is for.
pub const TEN_OPERATIONS: &str = "SELECT sum((l_extendedprice * (1 - l_discount) + l_tax * 3) \
     * (2 + l_tax) - l_quantity * (l_discount + 1) + l_quantity) FROM lineitem";

/// Writes the eight `.tbl` files of a scale factor into `folder`; returns their paths by table.
///
/// # Errors
/// If a file cannot be written.
pub fn write_files(folder: &Path, scale: f64) -> io::Result<Vec<(&'static str, PathBuf)>> {
    let write = |table: &'static str| -> io::Result<(&'static str, PathBuf)> {
        let path = folder.join(format!("{table}.tbl"));
        let file = BufWriter::new(File::create(&path)?);
        match table {
            "region" => lines(file, RegionGenerator::new(scale, 1, 1).iter()),
            "nation" => lines(file, NationGenerator::new(scale, 1, 1).iter()),
            "part" => lines(file, PartGenerator::new(scale, 1, 1).iter()),
            "supplier" => lines(file, SupplierGenerator::new(scale, 1, 1).iter()),
            "partsupp" => lines(file, PartSuppGenerator::new(scale, 1, 1).iter()),
            "customer" => lines(file, CustomerGenerator::new(scale, 1, 1).iter()),
            "orders" => lines(file, OrderGenerator::new(scale, 1, 1).iter()),
            _ => lines(file, LineItemGenerator::new(scale, 1, 1).iter()),
        }?;
        Ok((table, path))
    };
    TABLES.iter().map(|(table, _)| write(table)).collect()
}

fn lines(mut file: impl Write, rows: impl Iterator<Item = impl Display>) -> io::Result<()> {
    for row in rows {
        writeln!(file, "{row}")?;
    }
    file.flush()
}
