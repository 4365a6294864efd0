//! CSV files in and out: quoting, NULL, line ends, errors with their place.

use std::io::Read;

use interchange::{CsvError, CsvFault, CsvOptions, CsvReader, CsvWriter};
use types::{Batch, DataType, Value};

use spectradb_interchange as interchange;

const PRICE: DataType = DataType::Decimal { precision: 10, scale: 2 };

fn columns() -> Vec<(String, DataType)> {
    let typed = [("id", DataType::Int64), ("name", DataType::TEXT), ("price", PRICE)];
    typed.map(|(name, ty)| (name.to_owned(), ty)).to_vec()
}

/// A source that gives one byte at a time: every buffer border is met.
struct Drip<'a>(&'a [u8]);

impl Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
        buffer[0] = *first;
        self.0 = rest;
        Ok(1)
    }
}

fn read_all(text: &str, options: &CsvOptions) -> Result<Vec<Vec<String>>, CsvError> {
    let mut reader = CsvReader::new(text.as_bytes(), "t.csv", columns(), options);
    let mut rows = Vec::new();
    while let Some(batch) = reader.next_batch()? {
        rows.extend(rows_of(&batch));
    }
    let mut drip = CsvReader::new(Drip(text.as_bytes()), "t.csv", columns(), options);
    let mut dripped = Vec::new();
    while let Some(batch) = drip.next_batch()? {
        dripped.extend(rows_of(&batch));
    }
    assert_eq!(rows, dripped, "buffer borders change nothing");
    Ok(rows)
}

fn rows_of(batch: &Batch) -> Vec<Vec<String>> {
    let text = |row: usize, at: usize, ty: DataType| {
        let value = Value::from_array(batch.column(at), row, ty);
        if value.is_null() { "NULL".to_owned() } else { value.to_string() }
    };
    let row = |row| columns().iter().enumerate().map(|(at, (_, ty))| text(row, at, *ty)).collect();
    (0..batch.rows()).map(row).collect()
}

fn fault(text: &str) -> (u64, Option<String>, CsvFault) {
    let error = read_all(text, &CsvOptions::default()).expect_err("the file is wrong");
    assert_eq!(error.file, "t.csv");
    (error.line, error.column, error.fault)
}

#[test]
fn quotes_nulls_and_line_ends() {
    let text = "1,plain,1.5\r\n2,\"a \"\"b\"\", c\nd\",2.005\n3,,\n4,\"\",-0.1";
    let rows = read_all(text, &CsvOptions::default()).expect("the file is right");
    let expected = [
        ["1", "plain", "1.50"],
        ["2", "a \"b\", c\nd", "2.01"],
        ["3", "NULL", "NULL"],
        ["4", "", "-0.10"],
    ];
    assert_eq!(rows, expected);
}

#[test]
fn a_delimiter_at_the_end_of_the_line_is_accepted() {
    let options = CsvOptions { delimiter: b'|', ..CsvOptions::default() };
    let rows = read_all("1|x|1|\n2|y|2|\n", &options).expect("the file is right");
    assert_eq!(rows, [["1", "x", "1.00"], ["2", "y", "2.00"]]);
    let error = read_all("1|x|1||\n", &options).expect_err("two are one too many");
    assert!(matches!(error.fault, CsvFault::FieldCount { expected: 3, found: 5 }));
}

#[test]
fn header_null_text_and_byte_order_mark() {
    let options = CsvOptions { header: true, null: "\\N".to_owned(), ..CsvOptions::default() };
    let rows = read_all("\u{feff}id,name,price\n1,\\N,2\n2,,3\n", &options).expect("right");
    assert_eq!(rows, [["1", "NULL", "2.00"], ["2", "", "3.00"]]);
    assert_eq!(read_all("id,name,price", &options).expect("right"), Vec::<Vec<String>>::new());
}

#[test]
fn errors_name_line_column_and_value() {
    let (line, column, found) = fault("1,\"a\nb\",1\n2,x,cheap\n");
    assert_eq!((line, column.as_deref()), (3, Some("price")));
    assert!(matches!(found, CsvFault::Value { value, ty: PRICE, .. } if value == "cheap"));

    let (line, column, found) = fault("1,a,1\n2,b\n");
    assert_eq!((line, column.as_deref()), (2, Some("price")));
    assert!(matches!(found, CsvFault::FieldCount { expected: 3, found: 2 }));

    let (line, _, found) = fault("1,a,1\n2,\"b,3\n");
    assert_eq!(line, 2);
    assert!(matches!(found, CsvFault::OpenQuote));

    let wide = fault("1,a,123456789.00\n").2;
    assert!(matches!(wide, CsvFault::Value { .. }), "eleven digits do not fit DECIMAL(10,2)");
}

#[test]
fn invalid_utf8_is_an_error_and_not_a_replacement() {
    let text: &[u8] = b"1,a,1\n2,\xff,2\n";
    let mut reader = CsvReader::new(text, "t.csv", columns(), &CsvOptions::default());
    let error = reader.next_batch().expect_err("not UTF-8");
    assert_eq!((error.line, error.column.as_deref()), (2, Some("name")));
    assert!(matches!(error.fault, CsvFault::Utf8));
}

#[test]
fn what_is_written_reads_back() {
    let text = "1,\"\",1.00\n2,,\n3,\"x,\"\"y\"\"\n\",-5.25\n";
    let options = CsvOptions::default();
    let mut reader = CsvReader::new(text.as_bytes(), "t.csv", columns(), &options);
    let batch = reader.next_batch().expect("right").expect("three rows");
    let mut writer = CsvWriter::new(Vec::new(), &columns(), options).expect("memory");
    writer.write(&batch).expect("memory");
    let written = writer.finish().expect("memory");
    assert_eq!(String::from_utf8(written).expect("text"), text);
}
