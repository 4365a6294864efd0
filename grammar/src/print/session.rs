//! Sessions, transactions, files.

use diag::Spanned;

use super::Printer;
use super::define::kind_word;
use crate::ast::{
    Begin, Comment, Copy, CopyDirection, CopySource, CopyTarget, Deallocate, Describe, Execute,
    Explain, OptionItem, OptionValue, Prepare, Set, SetValue, Show, Vacuum,
};

impl Printer {
    pub(super) fn begin(&mut self, begin: &Begin) {
        self.put("BEGIN");
        match begin.read_only {
            Some(true) => self.put(" READ ONLY"),
            Some(false) => self.put(" READ WRITE"),
            None => {}
        }
        if let Some(level) = &begin.isolation {
            self.put(" ISOLATION LEVEL ");
            self.put(&level.node.to_ascii_uppercase());
        }
        if let Some(at) = &begin.as_of {
            self.put(" AS OF ");
            self.tight(at);
        }
    }

    /// ` WITH (…)`, or nothing for no options.
    pub(super) fn with_options(&mut self, options: &[OptionItem]) {
        if !options.is_empty() {
            self.put(" WITH");
            self.options(options);
        }
    }

    fn options(&mut self, options: &[OptionItem]) {
        if options.is_empty() {
            return;
        }
        self.put(" (");
        self.list(options, |printer, option| {
            printer.option_name(&option.name.node);
            if let Some(value) = &option.value {
                printer.put(" ");
                printer.value(value);
            }
        });
        self.put(")");
    }

    /// NULL and DEFAULT are names of options too.
    fn option_name(&mut self, name: &str) {
        match name {
            "null" | "default" => self.put(&name.to_ascii_uppercase()),
            _ => self.put_name(name),
        }
    }

    fn value(&mut self, value: &Spanned<OptionValue>) {
        match &value.node {
            OptionValue::Word(word) => match word.as_str() {
                "null" | "true" | "false" | "on" | "all" => self.put(word),
                _ => self.put_name(word),
            },
            OptionValue::String(text) => self.string(text),
            OptionValue::Number(number) => self.put(number),
            OptionValue::List(list) => {
                self.put("(");
                self.list(list, Printer::value);
                self.put(")");
            }
            OptionValue::Star => self.put("*"),
        }
    }

    pub(super) fn explain(&mut self, explain: &Explain) {
        self.put("EXPLAIN");
        self.options(&explain.options);
        self.put(" ");
        self.statement(&explain.statement);
    }

    pub(super) fn set(&mut self, set: &Set) {
        self.put(if set.local { "SET LOCAL " } else { "SET " });
        self.object(&set.name);
        self.put(" = ");
        match &set.value {
            SetValue::Default => self.put("DEFAULT"),
            SetValue::Values(values) => self.list(values, Printer::value),
            SetValue::AsOf(at) => {
                self.put("AS OF ");
                self.tight(at);
            }
        }
    }

    pub(super) fn show(&mut self, show: &Show) {
        self.put("SHOW ");
        match show {
            Show::All => self.put("ALL"),
            Show::Name(name) => self.object(name),
            Show::Words(words) => {
                for (index, word) in words.iter().enumerate() {
                    self.put_if(index > 0, " ");
                    self.value(word);
                }
            }
        }
    }

    pub(super) fn vacuum(&mut self, vacuum: &Vacuum) {
        self.put("VACUUM");
        self.options(&vacuum.options);
        self.put_if(!vacuum.tables.is_empty(), " ");
        self.list(&vacuum.tables, Printer::object);
    }

    pub(super) fn copy(&mut self, copy: &Copy) {
        self.put("COPY ");
        match &copy.source {
            CopySource::Table { name, columns } => {
                self.object(name);
                self.paren_names(columns);
            }
            CopySource::Query(query) => self.paren_query(query),
        }
        self.put(match copy.direction {
            CopyDirection::From => " FROM ",
            CopyDirection::To => " TO ",
        });
        match (&copy.target, copy.direction) {
            (CopyTarget::Path(path), _) => self.string(&path.node),
            (CopyTarget::Standard, CopyDirection::From) => self.put("stdin"),
            (CopyTarget::Standard, CopyDirection::To) => self.put("stdout"),
        }
        self.options(&copy.options);
    }

    pub(super) fn prepare(&mut self, prepare: &Prepare) {
        self.word_name("PREPARE ", &prepare.name);
        if !prepare.types.is_empty() {
            self.put(" (");
            self.list(&prepare.types, Printer::type_name);
            self.put(")");
        }
        self.put(" AS ");
        self.statement(&prepare.statement);
    }

    pub(super) fn execute(&mut self, execute: &Execute) {
        self.word_name("EXECUTE ", &execute.name);
        if !execute.args.is_empty() {
            self.put(" (");
            self.list(&execute.args, Printer::expr);
            self.put(")");
        }
    }

    pub(super) fn deallocate(&mut self, deallocate: &Deallocate) {
        match deallocate {
            Deallocate::Name(name) => self.word_name("DEALLOCATE ", name),
            Deallocate::All => self.put("DEALLOCATE ALL"),
        }
    }

    pub(super) fn describe(&mut self, describe: &Describe) {
        self.put("DESCRIBE ");
        match describe {
            Describe::Table(name) => self.object(name),
            Describe::Query(query) => self.query(query),
        }
    }

    pub(super) fn comment(&mut self, comment: &Comment) {
        self.put("COMMENT ON ");
        self.put(kind_word(comment.kind));
        self.put(" ");
        self.object(&comment.name);
        self.put(" IS ");
        match &comment.text {
            Some(text) => self.string(&text.node),
            None => self.put("NULL"),
        }
    }
}
