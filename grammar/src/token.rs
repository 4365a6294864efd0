//! Tokens: what the lexer finds and what the grammar sees.

use diag::Span;

use crate::word::Word;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal;)+) => {
        /// The kind of a token: the terminals of the grammar.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub(crate) enum Kind { $($(#[doc = $doc])* $name,)+ }

        impl Kind {
            /// What the grammar calls each kind.
            #[cfg(test)]
            pub(crate) const TEXTS: &'static [(&'static str, Kind)] =
                &[$(($text, Kind::$name),)+];
        }
    };
}

kinds! {
    // What the lexer finds.
    Name = "name"; Integer = "integer"; Decimal = "decimal"; String = "string"; Blob = "blob";
    Parameter = "parameter";
    LeftParen = "("; RightParen = ")"; LeftBracket = "["; RightBracket = "]"; Brackets = "[]";
    Comma = ","; Semicolon = ";"; Dot = "."; Colon = ":"; Cast = "::"; CastCall = "CAST";
    Plus = "+"; Minus = "-"; Star = "*"; Equal = "="; Tilde = "~"; Arrow = "=>";
    /// An infix operator that is no comparison.
    Operator = "operator";
    /// A comparison other than `=`, or a predicate on periods.
    Comparison = "comparison";
    // Reserved words.
    All = "ALL"; And = "AND"; Any = "ANY"; Array = "ARRAY"; As = "AS"; Asc = "ASC";
    Between = "BETWEEN"; Case = "CASE"; Check = "CHECK"; Collate = "COLLATE";
    Constraint = "CONSTRAINT"; Default = "DEFAULT"; Desc = "DESC"; Distinct = "DISTINCT";
    Else = "ELSE"; End = "END"; Except = "EXCEPT"; False = "FALSE"; Fetch = "FETCH"; For = "FOR";
    From = "FROM"; Having = "HAVING"; In = "IN"; Intersect = "INTERSECT"; Into = "INTO"; Is = "IS";
    Isnull = "ISNULL"; Lateral = "LATERAL"; Like = "LIKE"; Limit = "LIMIT"; Not = "NOT";
    Notnull = "NOTNULL"; Null = "NULL"; Offset = "OFFSET"; On = "ON"; Or = "OR";
    Qualify = "QUALIFY"; References = "REFERENCES"; Returning = "RETURNING"; Select = "SELECT";
    Then = "THEN"; To = "TO"; True = "TRUE"; Union = "UNION"; Unique = "UNIQUE"; Using = "USING";
    Values = "VALUES"; When = "WHEN"; Where = "WHERE"; Window = "WINDOW"; With = "WITH";
    /// A reserved word without its other half, which no rule takes.
    Reserved = "reserved";
    // What the filter makes of several words.
    AsOf = "AS OF"; ValidAt = "VALID AT"; ValidFrom = "VALID FROM"; ChangesFrom = "CHANGES FROM";
    ContainedIn = "CONTAINED IN"; PortionOf = "FOR PORTION OF"; ForLock = "FOR UPDATE";
    NotLa = "NOT (before BETWEEN, IN, LIKE)"; Join = "JOIN"; JoinFree = "CROSS JOIN";
    UsingPeriod = "USING PERIOD"; OrderBy = "ORDER BY"; GroupBy = "GROUP BY";
    GroupingSets = "GROUPING SETS"; PartitionBy = "PARTITION BY"; WithRecursive = "WITH RECURSIVE";
    AsMaterialized = "AS MATERIALIZED"; NullsFirst = "NULLS FIRST"; NullsLast = "NULLS LAST";
    FetchFirst = "FETCH FIRST"; RowsOnly = "ROWS ONLY"; WithTies = "ROWS WITH TIES";
    WithOrdinality = "WITH ORDINALITY"; StarExclude = "EXCLUDE"; StarReplace = "REPLACE";
    FrameUnits = "ROWS"; UnboundedPreceding = "UNBOUNDED PRECEDING";
    UnboundedFollowing = "UNBOUNDED FOLLOWING"; CurrentRow = "CURRENT ROW";
    Preceding = "PRECEDING"; Following = "FOLLOWING"; FrameExclude = "EXCLUDE (frame)";
    Filter = "FILTER"; Over = "OVER"; WithinGroup = "WITHIN GROUP"; NullTreatment = "IGNORE NULLS";
    Escape = "ESCAPE"; AtTimeZone = "AT TIME ZONE"; AtLocal = "AT LOCAL"; Exists = "EXISTS";
    Extract = "EXTRACT"; Position = "POSITION"; Substring = "SUBSTRING"; Overlay = "OVERLAY";
    Placing = "PLACING"; Trim = "TRIM"; TrimSide = "BOTH"; RowValue = "ROW"; TryCast = "TRY_CAST";
    TypedLiteral = "type before a string"; Unit = "interval unit";
    WithTimeZone = "WITH TIME ZONE"; WithoutTimeZone = "WITHOUT TIME ZONE";
    TypeWords = "type of two words";
    // Statements by their first words.
    InsertInto = "INSERT INTO"; Update = "UPDATE"; Set = "SET"; DeleteFrom = "DELETE FROM";
    OnConflict = "ON CONFLICT"; OnConstraint = "ON CONSTRAINT"; DoNothing = "DO NOTHING";
    DoUpdate = "DO UPDATE"; CreateTable = "CREATE TABLE"; CreateView = "CREATE VIEW";
    CreateIndex = "CREATE INDEX"; Drop = "DROP"; AlterTable = "ALTER TABLE";
    Truncate = "TRUNCATE"; Begin = "BEGIN"; Commit = "COMMIT"; Rollback = "ROLLBACK";
    Savepoint = "SAVEPOINT"; Release = "RELEASE"; Explain = "EXPLAIN"; Show = "SHOW";
    Reset = "RESET"; Vacuum = "VACUUM"; Analyze = "ANALYZE"; Copy = "COPY"; Prepare = "PREPARE";
    Execute = "EXECUTE"; Deallocate = "DEALLOCATE"; Describe = "DESCRIBE"; CommentOn = "COMMENT ON";
    /// ANALYZE, VERBOSE, FULL after EXPLAIN and VACUUM.
    LeadWord = "VERBOSE";
    /// `READ ONLY`, `READ WRITE`, `ISOLATION LEVEL …`.
    TransactionMode = "READ ONLY"; SetTimeZone = "SET TIME ZONE";
    // Definitions.
    PrimaryKey = "PRIMARY KEY"; ForeignKey = "FOREIGN KEY"; PeriodFor = "PERIOD FOR";
    WithoutOverlaps = "WITHOUT OVERLAPS"; SystemVersioning = "WITH SYSTEM VERSIONING";
    WithData = "WITH DATA"; WithNoData = "WITH NO DATA"; ReferentialAction = "ON DELETE";
    /// `GENERATED … AS IDENTITY`, `GENERATED ALWAYS AS ROW START`.
    GeneratedWords = "GENERATED AS IDENTITY"; GeneratedAs = "GENERATED ALWAYS AS";
    Stored = "STORED"; Cascade = "CASCADE"; AddColumn = "ADD COLUMN"; AddConstraint = "ADD";
    DropColumn = "DROP COLUMN"; DropConstraint = "DROP CONSTRAINT"; Rename = "RENAME";
    AlterColumn = "ALTER COLUMN"; SetType = "SET DATA TYPE"; SetDefault = "SET DEFAULT";
    SetNotNull = "SET NOT NULL"; DropDefault = "DROP DEFAULT"; DropNotNull = "DROP NOT NULL";
    AlterVersioning = "ADD SYSTEM VERSIONING"; Include = "INCLUDE";
}

/// One token of the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    /// First byte.
    pub(crate) start: u32,
    /// One past the last byte.
    pub(crate) end: u32,
    /// What it is.
    pub(crate) kind: Kind,
    /// Which known word it spells, unquoted.
    pub(crate) word: Word,
}

impl Token {
    /// Returns its place.
    pub(crate) fn span(self) -> Span {
        Span { start: self.start, end: self.end }
    }

    /// Returns whether an expression or a name may end with it.
    pub(crate) fn ends_operand(kind: Kind) -> bool {
        matches!(
            kind,
            Kind::Name
                | Kind::Integer
                | Kind::Decimal
                | Kind::String
                | Kind::Blob
                | Kind::Parameter
                | Kind::RightParen
                | Kind::RightBracket
                | Kind::Brackets
                | Kind::End
                | Kind::Null
                | Kind::True
                | Kind::False
                | Kind::Unit
                | Kind::AtLocal
                | Kind::TypeWords
                | Kind::WithTimeZone
                | Kind::WithoutTimeZone
                | Kind::Isnull
                | Kind::Notnull
        )
    }

    /// Returns whether an operand may start with it.
    pub(crate) fn starts_operand(self) -> bool {
        matches!(
            self.kind,
            Kind::Name
                | Kind::Integer
                | Kind::Decimal
                | Kind::String
                | Kind::Blob
                | Kind::Parameter
                | Kind::LeftParen
                | Kind::Plus
                | Kind::Minus
                | Kind::Tilde
                | Kind::Case
                | Kind::CastCall
                | Kind::Null
                | Kind::True
                | Kind::False
                | Kind::Array
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    /// The grammar gives every kind the name that messages know it by.
    #[test]
    fn the_grammar_names_every_kind() {
        let grammar = include_str!("grammar.lalrpop");
        for (text, kind) in Kind::TEXTS {
            let unused =
                matches!(kind, Kind::Semicolon | Kind::Fetch | Kind::Into | Kind::Reserved);
            let named = grammar.contains(&format!("\"{text}\" => Kind::{kind:?},"));
            assert_eq!(named, !unused, "{text}");
        }
    }
}
