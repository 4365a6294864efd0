//! COPY: rows between a table or query and a file.

use std::sync::Arc;

use diag::{Code, Diagnostic, Result, did_you_mean};
use grammar::ast::{self, CopyDirection, CopyTarget, OptionItem, OptionValue};
use ir::{
    Copy, CopyFormat, CopyOptions, CopySource, Logical, OutputColumn, Query, Relation, Statement,
};
use types::DataType;

use crate::binder::Binder;
use crate::expr::not_built;
use crate::insert::{Target, named_targets, unknown_target};
use crate::query::Bound;

/// The options that COPY takes.
const OPTIONS: [&str; 5] = ["format", "delimiter", "header", "null", "quote"];

impl Binder<'_> {
    pub(crate) fn copy(&mut self, copy: &ast::Copy) -> Result<Statement> {
        let path = match &copy.target {
            CopyTarget::Path(path) => path,
            CopyTarget::Standard => return not_built(copy.span, "COPY from STDIN or to STDOUT"),
        };
        let options = copy_options(&copy.options)?;
        let source = match (copy.direction, &copy.source) {
            (CopyDirection::To, ast::CopySource::Query(query)) => {
                let bound = self.query(query)?;
                CopySource::Query(self.finish_query(bound))
            }
            (CopyDirection::To, ast::CopySource::Table { name, columns }) => {
                CopySource::Query(self.table_rows(name, columns)?)
            }
            (CopyDirection::From, ast::CopySource::Table { name, columns }) => {
                self.table_fill(name, columns)?
            }
            (CopyDirection::From, ast::CopySource::Query(query)) => {
                let message = "a query cannot be filled from a file";
                return Err(Diagnostic::at(Code::WrongObject, query.span, message)
                    .help("COPY table FROM 'path'")
                    .into());
            }
        };
        let copy = Copy { source, path: path.node.clone(), options, span: path.span };
        Ok(Statement::Copy(copy))
    }

    /// `COPY t (a, b) TO`: `SELECT a, b FROM t`, or all columns.
    fn table_rows(&mut self, name: &ast::ObjectName, columns: &[ast::Name]) -> Result<Query> {
        let table = ast::NamedTable {
            name: name.clone(),
            alias: None,
            temporal: Vec::new(),
            span: name.span(),
        };
        let source = self.from(&[ast::TableRef::Table(table)])?;
        let mut output = Vec::new();
        if columns.is_empty() {
            output.extend(
                source.scope.star.iter().map(|column| OutputColumn {
                    column: column.column,
                    name: column.name.clone(),
                }),
            );
        }
        for name in columns {
            let found = source.scope.resolve(std::slice::from_ref(name), &self.columns)?;
            if found.hidden {
                self.hidden_used.insert(found.column);
            }
            output.push(OutputColumn { column: found.column, name: name.node.clone() });
        }
        Ok(self.finish_query(Bound { plan: source.plan, output }))
    }

    /// `COPY t (a, b) FROM`: an insert of rows that the caller reads.
    fn table_fill(&mut self, name: &ast::ObjectName, columns: &[ast::Name]) -> Result<CopySource> {
        let table = self.written_table(name)?;
        let targets = named_targets(&table, columns)?;
        let hidden = targets
            .iter()
            .zip(columns)
            .find(|(target, _)| matches!(target, Target::ValidFrom | Target::ValidTo));
        if let Some((_, name)) = hidden {
            return Err(unknown_target(&table, name).into());
        }
        let mut file: Vec<(String, DataType)> = Vec::with_capacity(targets.len());
        let mut output = Vec::with_capacity(targets.len());
        for target in &targets {
            let (name, ty) = target.describe(&table);
            file.push((name.to_owned(), ty));
            let column = self.columns.push(name, ty);
            output.push(OutputColumn { column, name: name.to_owned() });
        }
        let columns = output.iter().map(|out| out.column).collect();
        let plan = Arc::new(Logical::External { columns });
        let insert = self.insert_rows(&table, Bound { plan, output }, &targets, name.span())?;
        Ok(CopySource::Insert { insert, table, columns: file })
    }

    /// Returns the table of a statement that works on tables only.
    pub(crate) fn plain_table(&self, name: &ast::ObjectName) -> Result<Arc<ir::Table>> {
        let span = name.span();
        if let crate::query::Place::System = crate::query::schema_place(name)? {
            return not_built(span, "this statement on a table of the system");
        }
        match self.relation(name.last(), ir::TemporalRead::default())?.0 {
            Relation::Table(table) => Ok(table),
            Relation::View(view) => {
                let message = format!("\"{}\" is a view", view.name);
                Err(Diagnostic::at(Code::WrongObject, span, message)
                    .primary("needs a table")
                    .into())
            }
        }
    }
}

fn copy_options(list: &[OptionItem]) -> Result<CopyOptions> {
    let mut options = CopyOptions {
        format: CopyFormat::Csv,
        delimiter: b',',
        header: false,
        null: String::new(),
        quote: b'"',
    };
    for (at, option) in list.iter().enumerate() {
        let name = option.name.node.as_str();
        if list[..at].iter().any(|other| other.name.node == name) {
            let message = format!("COPY option \"{name}\" is given twice");
            return Err(Diagnostic::at(Code::Syntax, option.span, message).into());
        }
        match name {
            "format" => options.format = format(option)?,
            "delimiter" | "delim" => options.delimiter = one_byte(option)?,
            "header" => options.header = boolean(option)?,
            "null" | "nullstr" => options.null = text(option)?,
            "quote" => options.quote = one_byte(option)?,
            "escape" | "encoding" | "force_quote" | "force_not_null" | "force_null" | "freeze"
            | "compression" => {
                return not_built(option.span, &format!("the COPY option \"{name}\""));
            }
            _ => {
                let message = format!("COPY option \"{name}\" does not exist");
                return Err(Diagnostic::at(Code::UnknownSetting, option.name.span, message)
                    .help_opt(did_you_mean(name, OPTIONS))
                    .into());
            }
        }
    }
    if options.delimiter == options.quote {
        let message = "COPY needs a delimiter other than the quote";
        return Err(Diagnostic::new(Code::InvalidArgument, message).into());
    }
    Ok(options)
}

fn format(option: &OptionItem) -> Result<CopyFormat> {
    let word = text(option)?.to_lowercase();
    match word.as_str() {
        "csv" => Ok(CopyFormat::Csv),
        "json" | "ndjson" | "parquet" | "text" | "binary" | "arrow" => {
            not_built(option.span, &format!("COPY of {}", word.to_uppercase()))
        }
        _ => {
            let message = format!("COPY format \"{word}\" does not exist");
            Err(Diagnostic::at(Code::InvalidSetting, option.span, message)
                .help_opt(did_you_mean(&word, ["csv", "json", "parquet"]))
                .into())
        }
    }
}

fn text(option: &OptionItem) -> Result<String> {
    match option.value.as_ref().map(|value| &value.node) {
        Some(OptionValue::Word(text) | OptionValue::String(text) | OptionValue::Number(text)) => {
            Ok(text.clone())
        }
        Some(OptionValue::List(_) | OptionValue::Star) | None => Err(wants(option, "a value")),
    }
}

fn one_byte(option: &OptionItem) -> Result<u8> {
    match text(option)?.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r') => Ok(*byte),
        _ => Err(wants(option, "one ASCII character")),
    }
}

fn boolean(option: &OptionItem) -> Result<bool> {
    if option.value.is_none() {
        return Ok(true);
    }
    match text(option)?.to_lowercase().as_str() {
        "true" | "on" | "1" | "yes" => Ok(true),
        "false" | "off" | "0" | "no" => Ok(false),
        _ => Err(wants(option, "true or false")),
    }
}

fn wants(option: &OptionItem, what: &str) -> Box<Diagnostic> {
    let message = format!("COPY option \"{}\" takes {what}", option.name.node);
    Diagnostic::at(Code::InvalidSetting, option.span, message).into()
}
