//! Statements about the session: settings, transactions, EXPLAIN, prepared statements, DESCRIBE.

use diag::{Code, Diagnostic, Result, Span, did_you_mean};
use grammar::ast::{self, Explain, OptionItem, OptionValue, SetValue};
use ir::{ExplainFormat, ExplainStage, Statement, TemporalRead, TransactionAction, ValidTime};
use types::{DataType, Value};

use crate::binder::Binder;
use crate::expr::{Clause, not_built};
use crate::scope::Scope;

/// The settings that a session has, by name.
pub const SETTINGS: &[&str] = &[
    "application_name",
    "commit_message",
    "durability",
    "jit",
    "jit_above_rows",
    "memory_limit",
    "optimizer",
    "search_path",
    "statement_timeout",
    "temporal.strict_as_of",
    "threads",
    "timezone",
    "valid_time",
];

/// What SHOW knows besides settings.
const SHOWN: &[&str] = &["tables", "views", "schema", "all", "transaction isolation level"];

/// The words of `EXPLAIN (…)` that name a stage.
const STAGES: &[(&str, ExplainStage)] = &[
    ("ast", ExplainStage::Ast),
    ("logical", ExplainStage::Logical),
    ("optimized", ExplainStage::Optimized),
    ("physical", ExplainStage::Physical),
    ("pipelines", ExplainStage::Pipelines),
    ("clif", ExplainStage::Clif),
    ("asm", ExplainStage::Asm),
];

impl Binder<'_> {
    pub(crate) fn begin(&mut self, begin: &ast::Begin, span: Span) -> Result<Statement> {
        if let Some(level) = &begin.isolation
            && !matches!(level.node.as_str(), "snapshot" | "repeatable read")
        {
            return not_built(level.span, &format!("isolation level {}", level.node));
        }
        let as_of = match &begin.as_of {
            Some(at) => {
                let system = self.pinned_system(at)?;
                Some(TemporalRead { system, valid: ValidTime::All })
            }
            None => None,
        };
        if as_of.is_some() && begin.read_only == Some(false) {
            let message = "a transaction that reads the past cannot write";
            return Err(Diagnostic::at(Code::TemporalClause, span, message)
                .help("BEGIN READ ONLY AS OF …")
                .into());
        }
        let read_only = begin.read_only == Some(true) || as_of.is_some();
        Ok(Statement::Transaction(TransactionAction::Begin { read_only, as_of }))
    }

    pub(crate) fn explain(&mut self, explain: &Explain) -> Result<Statement> {
        let mut stage = None;
        let mut format = ExplainFormat::Text;
        let mut analyze = false;
        for option in &explain.options {
            let word = option.name.node.as_str();
            if let Some((_, named)) = STAGES.iter().find(|(name, _)| *name == word) {
                stage = Some(*named);
                continue;
            }
            match word {
                "analyze" => analyze = flag(option)?,
                "format" => format = explain_format(option)?,
                "verbose" | "costs" | "buffers" | "timing" | "summary" | "settings" | "wal" => {
                    return not_built(option.span, &format!("EXPLAIN option \"{word}\""));
                }
                _ => return Err(unknown_explain_option(option)),
            }
        }
        let stage = stage.unwrap_or(ExplainStage::Physical);
        let statement = Box::new(self.statement(&explain.statement)?);
        if !matches!(*statement, Statement::Query(_) | Statement::Ddl(_) | Statement::Copy(_)) {
            let message = "only queries and changes can be explained";
            return Err(Diagnostic::at(Code::WrongObject, explain.statement.span, message).into());
        }
        let ast = if stage == ExplainStage::Ast {
            grammar::dump(&explain.statement)
        } else {
            String::new()
        };
        Ok(Statement::Explain { stage, format, analyze, statement, ast })
    }

    pub(crate) fn set(&mut self, set: &ast::Set) -> Result<Statement> {
        let span = set.name.span();
        if set.local {
            return not_built(span, "SET LOCAL");
        }
        let name = known_setting(&set.name)?;
        let (value, value_span) = match &set.value {
            SetValue::Default => (None, span),
            SetValue::Values(values) => {
                let texts: Vec<String> =
                    values.iter().map(|value| value_text(&value.node)).collect();
                let at = values.iter().fold(Span::NONE, |all, value| all.to(value.span));
                (Some(texts.join(", ")), at)
            }
            SetValue::AsOf(at) if name == "valid_time" => {
                (self.pinned_valid(at)?.map(|micros| format!("AS OF {micros}")), at.span)
            }
            SetValue::AsOf(at) => {
                let message = format!("setting \"{name}\" takes no AS OF");
                return Err(Diagnostic::at(Code::InvalidSetting, at.span, message)
                    .help("BEGIN READ ONLY AS OF … reads all tables in the past")
                    .into());
            }
        };
        Ok(Statement::Set { name, value, span, value_span })
    }

    pub(crate) fn reset(
        &mut self,
        name: Option<&ast::ObjectName>,
        span: Span,
    ) -> Result<Statement> {
        match name {
            Some(name) => {
                let span = name.span();
                let name = known_setting(name)?;
                Ok(Statement::Set { name, value: None, span, value_span: span })
            }
            None => {
                Ok(Statement::Set { name: "all".to_owned(), value: None, span, value_span: span })
            }
        }
    }

    pub(crate) fn show(&mut self, show: &ast::Show, span: Span) -> Result<Statement> {
        let (name, span) = match show {
            ast::Show::All => ("all".to_owned(), span),
            ast::Show::Name(name) => {
                let text = dotted(name);
                if !SHOWN.contains(&text.as_str()) && !SETTINGS.contains(&text.as_str()) {
                    return Err(unknown_setting(&text, name.span()).into());
                }
                (text, name.span())
            }
            ast::Show::Words(words) => {
                let texts: Vec<String> = words.iter().map(|word| value_text(&word.node)).collect();
                let at = words.iter().fold(Span::NONE, |all, word| all.to(word.span));
                (texts.join(" ").to_lowercase(), at)
            }
        };
        Ok(Statement::Show { name, span })
    }

    pub(crate) fn vacuum(&mut self, vacuum: &ast::Vacuum) -> Result<Statement> {
        if let Some(option) = vacuum.options.first() {
            return not_built(option.span, &format!("VACUUM option \"{}\"", option.name.node));
        }
        match vacuum.tables.as_slice() {
            [] => Ok(Statement::Vacuum(None)),
            [table] => Ok(Statement::Vacuum(Some(self.plain_table(table)?))),
            [_, second, ..] => not_built(second.span(), "VACUUM of several tables"),
        }
    }

    pub(crate) fn analyze(&mut self, table: Option<&ast::ObjectName>) -> Result<Statement> {
        let table = table.map(|name| self.plain_table(name)).transpose()?;
        Ok(Statement::Analyze(table))
    }

    pub(crate) fn describe(&mut self, describe: &ast::Describe, span: Span) -> Result<Statement> {
        match describe {
            ast::Describe::Table(name) => Ok(Statement::Describe(self.plain_table(name)?)),
            ast::Describe::Query(_) => not_built(span, "DESCRIBE of a query"),
        }
    }

    /// The statement is bound to find its mistakes; its values come with EXECUTE.
    pub(crate) fn prepare(&mut self, prepare: &ast::Prepare) -> Result<Statement> {
        if let Some(ty) = prepare.types.first() {
            return not_built(ty.span, "PREPARE with types");
        }
        let text = prepare.statement.span.text(self.context.text).to_owned();
        let context = crate::BindContext {
            text: self.context.text,
            catalog: self.context.catalog,
            current: std::sync::Arc::clone(&self.context.current),
            snapshot: self.context.snapshot,
            commit_at: self.context.commit_at,
            evaluate: self.context.evaluate,
            session: self.context.session,
            parameters: None,
        };
        crate::bind(&prepare.statement, &context)?;
        Ok(Statement::Prepare { name: prepare.name.node.clone(), text })
    }

    pub(crate) fn execute(&mut self, execute: &ast::Execute) -> Result<Statement> {
        let scope = Scope::default();
        let mut clause = Clause::new(&scope, "EXECUTE");
        let mut values = Vec::with_capacity(execute.args.len());
        for arg in &execute.args {
            let scalar = self.expr(arg, &mut clause)?;
            let scalar =
                if scalar.as_literal().is_some_and(Value::is_null) || scalar.ty != DataType::Null {
                    scalar
                } else {
                    self.adopt(scalar, DataType::TEXT)?
                };
            match self.constant(&scalar)? {
                Some(value) => values.push(value),
                None => return not_built(arg.span, "a parameter in EXECUTE"),
            }
        }
        let name = execute.name.node.clone();
        Ok(Statement::Execute { name, values, span: execute.name.span })
    }

    pub(crate) fn deallocate(&mut self, what: &ast::Deallocate, span: Span) -> Statement {
        match what {
            ast::Deallocate::All => Statement::Deallocate { name: None, span },
            ast::Deallocate::Name(name) => {
                Statement::Deallocate { name: Some(name.node.clone()), span: name.span }
            }
        }
    }
}

fn dotted(name: &ast::ObjectName) -> String {
    let parts: Vec<&str> = name.parts.iter().map(|part| part.node.as_str()).collect();
    parts.join(".").to_lowercase()
}

fn known_setting(name: &ast::ObjectName) -> Result<String> {
    let text = dotted(name);
    if SETTINGS.contains(&text.as_str()) {
        return Ok(text);
    }
    Err(unknown_setting(&text, name.span()).into())
}

fn unknown_setting(name: &str, span: Span) -> Diagnostic {
    let near = did_you_mean(name, SETTINGS.iter().copied());
    Diagnostic::at(Code::UnknownSetting, span, format!("setting \"{name}\" does not exist"))
        .help_opt(near.or_else(|| Some("SHOW ALL lists the settings".to_owned())))
}

fn value_text(value: &OptionValue) -> String {
    match value {
        OptionValue::Word(text) | OptionValue::String(text) | OptionValue::Number(text) => {
            text.clone()
        }
        OptionValue::List(list) => {
            let texts: Vec<String> = list.iter().map(|value| value_text(&value.node)).collect();
            texts.join(", ")
        }
        OptionValue::Star => "*".to_owned(),
    }
}

fn flag(option: &OptionItem) -> Result<bool> {
    let Some(value) = &option.value else { return Ok(true) };
    match value_text(&value.node).to_lowercase().as_str() {
        "true" | "on" | "1" => Ok(true),
        "false" | "off" | "0" => Ok(false),
        _ => {
            let message = format!("EXPLAIN option \"{}\" takes on or off", option.name.node);
            Err(Diagnostic::at(Code::InvalidSetting, value.span, message).into())
        }
    }
}

fn explain_format(option: &OptionItem) -> Result<ExplainFormat> {
    let word = option.value.as_ref().map(|value| value_text(&value.node).to_lowercase());
    match word.as_deref() {
        Some("text") => Ok(ExplainFormat::Text),
        Some("json") => Ok(ExplainFormat::Json),
        _ => {
            let message = "EXPLAIN prints as text or json";
            Err(Diagnostic::at(Code::InvalidSetting, option.span, message).into())
        }
    }
}

fn unknown_explain_option(option: &OptionItem) -> Box<Diagnostic> {
    let name = &option.name.node;
    let known = STAGES.iter().map(|(name, _)| *name).chain(["analyze", "format"]);
    let message = format!("EXPLAIN option \"{name}\" does not exist");
    Diagnostic::at(Code::UnknownSetting, option.span, message)
        .help_opt(did_you_mean(name, known))
        .into()
}
