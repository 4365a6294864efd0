//! The words that the dialect knows, and their look-up by length and first letter.
//!
//! A word whose kind is not [`Kind::Name`] is reserved: it names nothing unless it is quoted or
//! stands after a dot or AS. All other words are plain names for the grammar; the filter gives
//! them meaning where their neighbours do. The list is sorted by length, then by letters.

use crate::token::Kind;

macro_rules! words {
    ($($name:ident = $text:literal, $kind:ident;)+) => {
        /// A word that some rule of the dialect asks for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub(crate) enum Word {
            /// Any other token.
            None,
            $($name,)+
        }

        const WORDS: &[(&str, Word, Kind)] = &[$(($text, Word::$name, Kind::$kind),)+];
    };
}

words! {
    As = "AS", As;
    At = "AT", Name;
    By = "BY", Name;
    Do = "DO", Name;
    If = "IF", Name;
    In = "IN", In;
    Is = "IS", Is;
    No = "NO", Name;
    Of = "OF", Name;
    On = "ON", On;
    Or = "OR", Or;
    To = "TO", To;
    Add = "ADD", Name;
    All = "ALL", All;
    And = "AND", And;
    Any = "ANY", Any;
    Asc = "ASC", Asc;
    Day = "DAY", Name;
    End = "END", End;
    For = "FOR", For;
    Key = "KEY", Name;
    Not = "NOT", Not;
    Row = "ROW", Name;
    Set = "SET", Name;
    Anti = "ANTI", Name;
    Asof = "ASOF", Name;
    Both = "BOTH", Name;
    Case = "CASE", Case;
    Cast = "CAST", CastCall;
    Copy = "COPY", Name;
    Data = "DATA", Name;
    Date = "DATE", Name;
    Desc = "DESC", Desc;
    Drop = "DROP", Name;
    Else = "ELSE", Else;
    From = "FROM", From;
    Full = "FULL", Reserved;
    Hour = "HOUR", Name;
    Into = "INTO", Into;
    Join = "JOIN", Reserved;
    Json = "JSON", Name;
    Last = "LAST", Name;
    Left = "LEFT", Reserved;
    Like = "LIKE", Like;
    Next = "NEXT", Name;
    Null = "NULL", Null;
    Only = "ONLY", Name;
    Over = "OVER", Name;
    Read = "READ", Name;
    Rows = "ROWS", Name;
    Semi = "SEMI", Name;
    Sets = "SETS", Name;
    Show = "SHOW", Name;
    Skip = "SKIP", Name;
    Some = "SOME", Any;
    Temp = "TEMP", Name;
    Then = "THEN", Then;
    Ties = "TIES", Name;
    Time = "TIME", Name;
    Trim = "TRIM", Name;
    True = "TRUE", True;
    Type = "TYPE", Name;
    Uuid = "UUID", Name;
    View = "VIEW", Name;
    Week = "WEEK", Name;
    When = "WHEN", When;
    With = "WITH", With;
    Work = "WORK", Name;
    Year = "YEAR", Name;
    Zone = "ZONE", Name;
    Abort = "ABORT", Name;
    Alter = "ALTER", Name;
    Array = "ARRAY", Array;
    Begin = "BEGIN", Name;
    Check = "CHECK", Check;
    Cross = "CROSS", Reserved;
    Epoch = "EPOCH", Name;
    False = "FALSE", False;
    Fetch = "FETCH", Fetch;
    First = "FIRST", Name;
    Group = "GROUP", Reserved;
    Ilike = "ILIKE", Like;
    Index = "INDEX", Name;
    Inner = "INNER", Reserved;
    Jsonb = "JSONB", Name;
    Level = "LEVEL", Name;
    Limit = "LIMIT", Limit;
    Local = "LOCAL", Name;
    Month = "MONTH", Name;
    Nulls = "NULLS", Name;
    Order = "ORDER", Reserved;
    Outer = "OUTER", Reserved;
    Range = "RANGE", Name;
    Reset = "RESET", Name;
    Right = "RIGHT", Reserved;
    Share = "SHARE", Name;
    Start = "START", Name;
    Table = "TABLE", Reserved;
    Union = "UNION", Union;
    Using = "USING", Using;
    Valid = "VALID", Name;
    Where = "WHERE", Where;
    Write = "WRITE", Name;
    Action = "ACTION", Name;
    Always = "ALWAYS", Name;
    Column = "COLUMN", Reserved;
    Commit = "COMMIT", Name;
    Create = "CREATE", Name;
    Delete = "DELETE", Name;
    Double = "DOUBLE", Name;
    Equals = "EQUALS", Name;
    Escape = "ESCAPE", Name;
    Except = "EXCEPT", Except;
    Exists = "EXISTS", Name;
    Filter = "FILTER", Name;
    Groups = "GROUPS", Name;
    Having = "HAVING", Having;
    Ignore = "IGNORE", Name;
    Insert = "INSERT", Name;
    Isnull = "ISNULL", Isnull;
    Locked = "LOCKED", Name;
    Minute = "MINUTE", Name;
    Nowait = "NOWAIT", Name;
    Offset = "OFFSET", Offset;
    Others = "OTHERS", Name;
    Period = "PERIOD", Name;
    Rename = "RENAME", Name;
    Schema = "SCHEMA", Name;
    Second = "SECOND", Name;
    Select = "SELECT", Select;
    Stored = "STORED", Name;
    System = "SYSTEM", Name;
    Timetz = "TIMETZ", Name;
    Unique = "UNIQUE", Unique;
    Update = "UPDATE", Name;
    Vacuum = "VACUUM", Name;
    Values = "VALUES", Values;
    Window = "WINDOW", Window;
    Within = "WITHIN", Name;
    Analyze = "ANALYZE", Name;
    Between = "BETWEEN", Between;
    Cascade = "CASCADE", Name;
    Changes = "CHANGES", Name;
    Collate = "COLLATE", Collate;
    Comment = "COMMENT", Name;
    Current = "CURRENT", Name;
    Default = "DEFAULT", Default;
    Exclude = "EXCLUDE", Name;
    Execute = "EXECUTE", Name;
    Explain = "EXPLAIN", Name;
    Extract = "EXTRACT", Name;
    Foreign = "FOREIGN", Reserved;
    Include = "INCLUDE", Name;
    Lateral = "LATERAL", Lateral;
    Leading = "LEADING", Name;
    Natural = "NATURAL", Reserved;
    Nothing = "NOTHING", Name;
    Notnull = "NOTNULL", Notnull;
    Overlay = "OVERLAY", Name;
    Placing = "PLACING", Name;
    Portion = "PORTION", Name;
    Prepare = "PREPARE", Name;
    Primary = "PRIMARY", Reserved;
    Qualify = "QUALIFY", Qualify;
    Quarter = "QUARTER", Name;
    Release = "RELEASE", Name;
    Replace = "REPLACE", Name;
    Respect = "RESPECT", Name;
    Session = "SESSION", Name;
    Similar = "SIMILAR", Name;
    Varying = "VARYING", Name;
    Verbose = "VERBOSE", Name;
    Virtual = "VIRTUAL", Name;
    Without = "WITHOUT", Name;
    Coalesce = "COALESCE", Name;
    Conflict = "CONFLICT", Name;
    Contains = "CONTAINS", Name;
    Deferred = "DEFERRED", Name;
    Describe = "DESCRIBE", Name;
    Distinct = "DISTINCT", Distinct;
    Grouping = "GROUPING", Name;
    Identity = "IDENTITY", Name;
    Interval = "INTERVAL", Name;
    Overlaps = "OVERLAPS", Name;
    Position = "POSITION", Name;
    Precedes = "PRECEDES", Name;
    Restrict = "RESTRICT", Name;
    Rollback = "ROLLBACK", Name;
    Succeeds = "SUCCEEDS", Name;
    Temporal = "TEMPORAL", Name;
    Trailing = "TRAILING", Name;
    Truncate = "TRUNCATE", Name;
    TryCast = "TRY_CAST", Name;
    Character = "CHARACTER", Name;
    Contained = "CONTAINED", Name;
    Exclusive = "EXCLUSIVE", Name;
    Following = "FOLLOWING", Name;
    Generated = "GENERATED", Name;
    Immediate = "IMMEDIATE", Name;
    Intersect = "INTERSECT", Intersect;
    Isolation = "ISOLATION", Name;
    Partition = "PARTITION", Name;
    Preceding = "PRECEDING", Name;
    Precision = "PRECISION", Name;
    Recursive = "RECURSIVE", Name;
    Returning = "RETURNING", Returning;
    Savepoint = "SAVEPOINT", Name;
    Substring = "SUBSTRING", Name;
    Symmetric = "SYMMETRIC", Name;
    Temporary = "TEMPORARY", Name;
    Timestamp = "TIMESTAMP", Name;
    Unbounded = "UNBOUNDED", Name;
    Constraint = "CONSTRAINT", Constraint;
    Deallocate = "DEALLOCATE", Name;
    Ordinality = "ORDINALITY", Name;
    References = "REFERENCES", References;
    Versioning = "VERSIONING", Name;
    Immediately = "IMMEDIATELY", Name;
    Microsecond = "MICROSECOND", Name;
    Millisecond = "MILLISECOND", Name;
    Timestamptz = "TIMESTAMPTZ", Name;
    Transaction = "TRANSACTION", Name;
    Materialized = "MATERIALIZED", Name;
    Characteristics = "CHARACTERISTICS", Name;
}

const LENGTH_MAX: usize = 15;
const LETTERS: usize = 26;

/// For each length and first letter the range of `WORDS` to compare with.
const BUCKETS: [(u16, u16); (LENGTH_MAX + 1) * LETTERS] = buckets();

const fn buckets() -> [(u16, u16); (LENGTH_MAX + 1) * LETTERS] {
    let mut table = [(0, 0); (LENGTH_MAX + 1) * LETTERS];
    let mut at = 0;
    while at < WORDS.len() {
        let text = WORDS[at].0.as_bytes();
        let slot = text.len() * LETTERS + (text[0] - b'A') as usize;
        if table[slot].1 == 0 {
            table[slot].0 = at as u16;
        }
        at += 1;
        table[slot].1 = at as u16;
    }
    table
}

/// Returns the word that `text` spells in any case, and the kind of token that it is by itself.
pub(crate) fn lookup(text: &str) -> (Word, Kind) {
    let first = text.as_bytes()[0].to_ascii_uppercase();
    if text.len() > LENGTH_MAX || !first.is_ascii_uppercase() {
        return (Word::None, Kind::Name);
    }
    let (from, to) = BUCKETS[text.len() * LETTERS + (first - b'A') as usize];
    for (candidate, word, kind) in &WORDS[from as usize..to as usize] {
        if candidate.eq_ignore_ascii_case(text) {
            return (*word, *kind);
        }
    }
    (Word::None, Kind::Name)
}

/// Returns whether `text`, unquoted, is more than a plain name somewhere.
pub(crate) fn is_known(text: &str) -> bool {
    !text.is_empty() && lookup(text).0 != Word::None
}

/// Returns every word in upper case.
pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    WORDS.iter().map(|(text, _, _)| *text)
}

#[cfg(test)]
mod tests {
    use super::{LENGTH_MAX, WORDS, Word, lookup};
    use crate::token::Kind;

    #[test]
    fn the_list_is_sorted_and_every_word_is_found() {
        assert!(WORDS.is_sorted_by_key(|(text, _, _)| (text.len(), *text)));
        for (text, word, kind) in WORDS {
            assert!(text.len() <= LENGTH_MAX, "{text}");
            assert_eq!(lookup(text), (*word, *kind));
            assert_eq!(lookup(&text.to_lowercase()), (*word, *kind));
        }
        assert_eq!(lookup("valid_time"), (Word::None, Kind::Name));
        assert_eq!(lookup("é"), (Word::None, Kind::Name));
    }
}
