//! The closed list of error codes: a stable code of ours and the SQLSTATE that clients map on.
//!
//! Families: S01 text and syntax, S02 names, S03 types, S04 query shape, S05 temporal clauses,
//! S06 constraints and data at run time, S07 transactions and sessions, S08 files and storage,
//! S09 limits, S10 not built. A code, once released, keeps its number.

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $id:literal, $sqlstate:literal;)+) => {
        /// What kind of mistake a diagnostic reports.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $name,)+ }

        impl Code {
            /// Every code, in the order of the list.
            pub const ALL: &'static [Code] = &[$(Code::$name,)+];

            /// Returns our stable code, such as `S0207`.
            pub fn id(self) -> &'static str {
                match self { $(Code::$name => $id,)+ }
            }

            /// Returns the five-character SQLSTATE, as PostgreSQL uses it.
            pub fn sqlstate(self) -> &'static str {
                match self { $(Code::$name => $sqlstate,)+ }
            }
        }
    };
}

codes! {
    /// The text does not follow the grammar.
    Syntax = "S0101", "42601";
    /// A string, quoted name or comment is not closed.
    Unterminated = "S0102", "42601";
    /// A character that starts no token.
    BadCharacter = "S0103", "42601";
    /// A number literal that cannot be read.
    BadNumber = "S0104", "42601";
    /// Text that is not UTF-8.
    InvalidUtf8 = "S0105", "22021";
    /// Nesting or chains beyond the limit.
    TooDeep = "S0106", "54001";
    /// A table or view that does not exist.
    UnknownTable = "S0201", "42P01";
    /// A table or view that exists already.
    DuplicateTable = "S0202", "42P07";
    /// The same column named twice where one is allowed.
    DuplicateColumn = "S0203", "42701";
    /// A function that does not exist or takes other arguments.
    UnknownFunction = "S0204", "42883";
    /// A type that does not exist.
    UnknownType = "S0205", "42704";
    /// A setting that does not exist.
    UnknownSetting = "S0206", "42704";
    /// A column that does not exist.
    UnknownColumn = "S0207", "42703";
    /// A name that several tables could mean.
    AmbiguousColumn = "S0208", "42702";
    /// The same alias used twice.
    DuplicateAlias = "S0209", "42712";
    /// A parameter without a value, or a value without a parameter.
    UnknownParameter = "S0210", "42P02";
    /// A schema that does not exist.
    UnknownSchema = "S0211", "3F000";
    /// An object that is not of the kind wanted (a view where a table is needed).
    WrongObject = "S0212", "42809";
    /// An object that others depend on.
    DependentObjects = "S0213", "2BP01";
    /// Operand types that do not go together.
    TypeMismatch = "S0301", "42804";
    /// An operator that does not exist for these types.
    UnknownOperator = "S0302", "42883";
    /// A value that cannot be cast.
    CannotCast = "S0303", "42846";
    /// A type whose parameter cannot be inferred.
    IndeterminateType = "S0304", "42P18";
    /// A column outside GROUP BY and aggregates.
    Grouping = "S0401", "42803";
    /// An aggregate or window function where none is allowed.
    MisplacedAggregate = "S0402", "42803";
    /// A window function where none is allowed.
    MisplacedWindow = "S0403", "42P20";
    /// Different numbers of columns where the same is needed.
    ColumnCount = "S0404", "42601";
    /// A subquery that must return one row and column.
    SubqueryShape = "S0405", "42601";
    /// An ordinal or expression that ORDER BY or GROUP BY cannot use.
    InvalidReference = "S0406", "42P10";
    /// A definition that contradicts itself.
    InvalidDefinition = "S0407", "42P16";
    /// A negative LIMIT or OFFSET.
    InvalidLimit = "S0408", "2201W";
    /// A scalar subquery that returned several rows.
    Cardinality = "S0409", "21000";
    /// A temporal clause given twice or in the wrong place.
    TemporalClause = "S0501", "42601";
    /// A temporal bound that is not stable, out of range, or beyond the horizon.
    TemporalBound = "S0502", "22023";
    /// A temporal bound that is NULL.
    TemporalNull = "S0503", "22004";
    /// A period whose start is not before its end.
    InvalidPeriod = "S0504", "22000";
    /// Division by zero.
    DivisionByZero = "S0601", "22012";
    /// A number out of its type's range.
    NumericOverflow = "S0602", "22003";
    /// Text that does not read as the type.
    InvalidText = "S0603", "22P02";
    /// A date or time out of range or ill-formed.
    InvalidDatetime = "S0604", "22008";
    /// A string longer than its column.
    StringTooLong = "S0605", "22001";
    /// An argument outside the function's domain.
    InvalidArgument = "S0606", "22023";
    /// NULL in a NOT NULL column.
    NotNullViolation = "S0607", "23502";
    /// A key that exists already.
    UniqueViolation = "S0608", "23505";
    /// A CHECK that is false.
    CheckViolation = "S0609", "23514";
    /// Periods of one key that overlap.
    ExclusionViolation = "S0610", "23P01";
    /// JSON text that cannot be read.
    InvalidJson = "S0611", "22P02";
    /// An argument of a mathematical function outside its domain.
    InvalidMath = "S0612", "2201F";
    /// A line of an imported file that does not fit the table.
    BadFileFormat = "S0613", "22P04";
    /// A logarithm of zero or less.
    InvalidLogarithm = "S0614", "2201E";
    /// Text that does not read as a date, time or interval.
    InvalidDatetimeText = "S0615", "22007";
    /// Another transaction changed the same rows first.
    Conflict = "S0701", "40001";
    /// A command that needs a transaction, or none.
    TransactionState = "S0702", "25001";
    /// A command in a transaction that has failed.
    FailedTransaction = "S0703", "25P02";
    /// A write in a read-only transaction.
    ReadOnly = "S0704", "25006";
    /// A setting's value that it does not take.
    InvalidSetting = "S0705", "22023";
    /// A statement cancelled by the user.
    Cancelled = "S0706", "57014";
    /// COMMIT or ROLLBACK without BEGIN.
    NoTransaction = "S0707", "25P01";
    /// A prepared statement that does not exist or exists already.
    PreparedStatement = "S0708", "26000";
    /// The operating system refused to read or write.
    Io = "S0801", "58030";
    /// A file that cannot be opened.
    File = "S0802", "58P01";
    /// Bytes on disk that are not what was written.
    Corrupt = "S0803", "XX001";
    /// A directory that another process has open.
    Locked = "S0804", "55006";
    /// A directory that holds no database, or one of a format we do not know.
    NotADatabase = "S0805", "08001";
    /// The store refuses writes after a failed write or fsync.
    Poisoned = "S0806", "58030";
    /// No room on the disk.
    DiskFull = "S0807", "53100";
    /// Memory beyond `memory_limit`.
    OutOfMemory = "S0901", "53200";
    /// A statement beyond a limit of size.
    TooComplex = "S0902", "54001";
    /// Too many columns in a table or result.
    TooManyColumns = "S0903", "54011";
    /// A feature that is not built.
    NotBuilt = "S1001", "0A000";
    /// A broken invariant of ours.
    Internal = "S9901", "XX000";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Code;

    #[test]
    fn ids_are_unique_and_states_have_five_characters() {
        let ids: HashSet<_> = Code::ALL.iter().map(|code| code.id()).collect();
        assert_eq!(ids.len(), Code::ALL.len());
        assert!(Code::ALL.iter().all(|code| code.sqlstate().len() == 5));
    }
}
