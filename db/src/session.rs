//! A session: the life of a statement, from text to rows, and at most one transaction.
//!
//! [`Session::statement`] calls each stage once, in order: parse, bind, optimize, plan, stage, run.
//! The only thing that comes back early is a diagnostic. Outside BEGIN … COMMIT each statement is a
//! transaction of its own.

use std::collections::HashMap;
use std::sync::Arc;

use diag::{Code, Diagnostic, Span};
use exec::eval::{self, EvalContext};
use exec::{CancelToken, ExecContext, Progress};
use frontend::{BindContext, SessionTime};
use grammar::ast;
use ir::{Ddl, PlanContext, Query, Scalar, TransactionAction, ValidTime};
use storage::Committed;
use types::Value;

use crate::database::Shared;
use crate::error::{Error, Result, store_diagnostic};
use crate::rows::{ResultColumn, Rows};
use crate::settings::{Setting, Settings, ValidTimeSetting};
use crate::statement::{Done, Outcome, Statement};
use crate::transaction::{Block, Open};
use crate::{analyze, copy, ddl, explain, parameters, script, show};

/// A session of a database.
pub struct Session {
    pub(crate) shared: Arc<Shared>,
    pub(crate) settings: Settings,
    block: Option<Block>,
    prepared: HashMap<String, Statement>,
    cancel: CancelToken,
}

/// Ends a session's running statement from another thread.
#[derive(Clone)]
pub struct CancelHandle(CancelToken);

impl CancelHandle {
    /// Ends the running statement with SQLSTATE 57014; does nothing between statements.
    pub fn cancel(&self) {
        self.0.cancel();
    }
}

/// What one run of a statement works with.
pub(crate) struct Run<'a> {
    pub(crate) session: &'a mut Session,
    pub(crate) open: &'a mut Open,
    pub(crate) parameters: &'a [Value],
    pub(crate) text: &'a str,
}

impl Session {
    pub(crate) fn new(shared: Arc<Shared>) -> Session {
        let settings = Settings::new(shared.options.threads, shared.options.memory_limit);
        let clock = Arc::clone(&shared.clock);
        let cancel = CancelToken::new(Box::new(move || clock.now_us()));
        Session { shared, settings, block: None, prepared: HashMap::new(), cancel }
    }

    /// Runs one statement; a semicolon at its end is accepted.
    ///
    /// # Errors
    /// Whatever the statement does wrong; see [`Error::kind`].
    pub fn sql(&mut self, text: &str) -> Result<Outcome> {
        let text = script::trim(text);
        let outcome = grammar::parse_statement(text).and_then(|tree| self.run(&tree, text, &[]));
        self.settle(outcome, text)
    }

    /// Runs a statement that gives rows.
    ///
    /// # Errors
    /// As [`Session::sql`]; a statement without rows is one too, after it has run.
    pub fn rows(&mut self, text: &str) -> Result<Rows> {
        let outcome = self.sql(text)?;
        only_rows(outcome, text)
    }

    /// Parses a statement and finds the types of its parameters `$1…`.
    ///
    /// # Errors
    /// What is wrong with the text, its names or its types.
    pub fn prepare(&mut self, text: &str) -> Result<Statement> {
        let text = script::trim(text);
        let prepared = grammar::parse_statement(text).and_then(|tree| {
            let mut open = self.enter();
            let parameters = self.with_bind_context(&mut open, text, None, |context| {
                frontend::parameter_types(&tree, context)
            });
            self.leave(open);
            Ok(Statement { text: text.into(), tree: Arc::new(tree), parameters: parameters? })
        });
        prepared.map_err(|mistake| Error::of(mistake, text))
    }

    /// Runs a prepared statement with values for its parameters, in order.
    ///
    /// # Errors
    /// As [`Session::sql`]; also a wrong number of values, or values of other types.
    pub fn execute(&mut self, statement: &Statement, values: &[Value]) -> Result<Outcome> {
        let outcome = parameters::fit(values, &statement.parameters)
            .and_then(|values| self.run(&statement.tree, &statement.text, &values));
        self.settle(outcome, &statement.text)
    }

    /// Runs a prepared statement that gives rows.
    ///
    /// # Errors
    /// As [`Session::execute`] and [`Session::rows`].
    pub fn query(&mut self, statement: &Statement, values: &[Value]) -> Result<Rows> {
        let outcome = self.execute(statement, values)?;
        only_rows(outcome, &statement.text)
    }

    /// Fails if the running statement is to end.
    pub(crate) fn check_cancelled(&self) -> diag::Result<()> {
        self.cancel.check()
    }

    /// True between BEGIN and COMMIT or ROLLBACK.
    pub fn in_transaction(&self) -> bool {
        self.block.is_some()
    }

    /// Returns a handle that ends this session's running statement from another thread.
    pub fn cancel_handle(&self) -> CancelHandle {
        CancelHandle(self.cancel.clone())
    }

    /// An error inside BEGIN … COMMIT fails the transaction.
    fn settle(&mut self, outcome: diag::Result<Outcome>, text: &str) -> Result<Outcome> {
        outcome.map_err(|mistake| {
            if let Some(block) = &mut self.block {
                block.failed = true;
                block.open = None;
            }
            Error::of(mistake, text)
        })
    }

    /// Runs a parsed statement in the open transaction, or in one of its own.
    fn run(
        &mut self,
        tree: &ast::Statement,
        text: &str,
        values: &[Value],
    ) -> diag::Result<Outcome> {
        let timeout = self.settings.statement_timeout;
        self.cancel.arm(timeout.and_then(|timeout| i64::try_from(timeout.as_micros()).ok()));
        self.admit(tree)?;
        let mut open = self.enter();
        let outcome = self.statement(tree, text, values, &mut open);
        match outcome {
            Ok(Step::Transaction(action)) => self.transaction(action, open),
            Ok(Step::Outcome(outcome)) => self.finish(outcome, open),
            Err(mistake) => Err(mistake),
        }
    }

    /// A failed transaction takes nothing but its end.
    fn admit(&self, tree: &ast::Statement) -> diag::Result<()> {
        let failed = self.block.as_ref().is_some_and(|block| block.failed);
        if failed && !script::ends_transaction(tree) {
            let message = "the transaction has failed: statements are ignored until its end";
            return Err(Box::new(
                Diagnostic::new(Code::FailedTransaction, message).help("ROLLBACK ends it"),
            ));
        }
        Ok(())
    }

    /// Takes the block's transaction, or begins one.
    fn enter(&mut self) -> Open {
        let open = self.block.as_mut().and_then(|block| block.open.take());
        open.unwrap_or_else(|| Open::begin(&self.shared))
    }

    /// Puts a transaction back into its block; outside a block it ends here, with nothing written.
    fn leave(&mut self, open: Open) {
        if let Some(block) = &mut self.block {
            block.open = Some(open);
        }
    }

    /// Ends a statement that went well: outside a block its writes are committed.
    fn finish(&mut self, outcome: Outcome, open: Open) -> diag::Result<Outcome> {
        if self.block.is_some() {
            self.leave(open);
            return Ok(outcome);
        }
        let Outcome::Done(done) = outcome else {
            // EXPLAIN ANALYZE answers with rows, and keeps what it wrote.
            if open.has_written() {
                open.commit(&self.shared, &self.settings)?;
            }
            return Ok(outcome);
        };
        let committed = open.commit(&self.shared, &self.settings)?;
        Ok(Outcome::Done(Done { commit_id: committed.map(commit_number), ..done }))
    }

    /// The stages, in order.
    fn statement(
        &mut self,
        tree: &ast::Statement,
        text: &str,
        values: &[Value],
        open: &mut Open,
    ) -> diag::Result<Step> {
        let bound = self
            .with_bind_context(open, text, Some(values), |context| frontend::bind(tree, context))?;
        let mut run = Run { session: self, open, parameters: values, text };
        let outcome = match bound {
            ir::Statement::Query(query) => run.query(query)?,
            ir::Statement::Ddl(change) => run.ddl(change)?,
            ir::Statement::Transaction(action) => return Ok(Step::Transaction(action)),
            ir::Statement::Set { name, value, span, value_span } => {
                run.session.set(&name, value.as_deref(), span, value_span)?
            }
            ir::Statement::Show { name, span } => Outcome::Rows(show::show(&run, &name, span)?),
            ir::Statement::Describe(table) => Outcome::Rows(show::describe(&table)),
            ir::Statement::Explain { stage, format, analyze, statement, ast } => {
                Outcome::Rows(explain::explain(&mut run, stage, format, analyze, *statement, &ast)?)
            }
            ir::Statement::Copy(job) => Outcome::Done(copy::copy(&mut run, job)?),
            ir::Statement::Vacuum(_) => run.vacuum()?,
            ir::Statement::Analyze(table) => Outcome::Done(analyze::analyze(&run, table)?),
            ir::Statement::Prepare { name, text } => run.session.prepare_named(name, &text)?,
            ir::Statement::Execute { name, values, span } => {
                return self.execute_named(&name, &values, span, open);
            }
            ir::Statement::Deallocate { name, span } => run.session.deallocate(name, span)?,
        };
        Ok(Step::Outcome(outcome))
    }

    /// Calls `bind` with what binding is told about this session and transaction.
    fn with_bind_context<T>(
        &self,
        open: &mut Open,
        text: &str,
        parameters: Option<&[Value]>,
        bind: impl FnOnce(&BindContext<'_>) -> diag::Result<T>,
    ) -> diag::Result<T> {
        let view = open.store.view();
        let context = self.eval_context(open, parameters.unwrap_or_default());
        let evaluate = |scalar: &Scalar| eval::constant(scalar, &context);
        let commit_at = |time| view.commit_at(time);
        let valid = match self.settings.valid_time {
            ValidTimeSetting::All => ValidTime::All,
            ValidTimeSetting::Now => ValidTime::At(open.now.0),
            ValidTimeSetting::AsOf(at) => ValidTime::At(at),
        };
        bind(&BindContext {
            text,
            catalog: &open.history,
            current: Arc::clone(&open.current),
            snapshot: open.snapshot,
            commit_at: &commit_at,
            evaluate: &evaluate,
            session: SessionTime {
                valid,
                strict_as_of: self.settings.strict_as_of,
                pinned: self.block.as_ref().and_then(|block| block.pinned),
            },
            parameters,
        })
    }

    pub(crate) fn eval_context(&self, open: &Open, parameters: &[Value]) -> EvalContext {
        let seed = u64::from_ne_bytes(self.shared.clock.now_us().to_ne_bytes());
        EvalContext::new(open.now, parameters.to_vec(), open.snapshot, seed)
    }

    fn transaction(&mut self, action: TransactionAction, open: Open) -> diag::Result<Outcome> {
        let done = match action {
            TransactionAction::Begin { read_only, as_of } => {
                self.leave(open);
                self.begin(read_only, as_of)?
            }
            TransactionAction::Rollback => {
                self.block.take().ok_or_else(no_transaction)?;
                Done::default()
            }
            TransactionAction::Commit => self.commit(open)?,
        };
        Ok(Outcome::Done(done))
    }

    fn begin(&mut self, read_only: bool, as_of: Option<ir::TemporalRead>) -> diag::Result<Done> {
        if self.block.is_some() {
            let message = "a transaction is under way already";
            return Err(Box::new(
                Diagnostic::new(Code::TransactionState, message)
                    .help("COMMIT or ROLLBACK ends it; transactions do not nest"),
            ));
        }
        let read_only = read_only || as_of.is_some();
        self.block = Some(Block { open: None, read_only, pinned: as_of, failed: false });
        Ok(Done::default())
    }

    fn commit(&mut self, open: Open) -> diag::Result<Done> {
        let block = self.block.take().ok_or_else(no_transaction)?;
        if block.failed {
            let message = "the transaction has failed and was rolled back";
            return Err(Box::new(Diagnostic::new(Code::FailedTransaction, message)));
        }
        let committed = open.commit(&self.shared, &self.settings)?;
        Ok(Done { rows_affected: None, commit_id: committed.map(commit_number) })
    }

    fn set(
        &mut self,
        name: &str,
        value: Option<&str>,
        span: Span,
        value_span: Span,
    ) -> diag::Result<Outcome> {
        match value {
            Some(value) => self.settings.set(Setting::find(name, span)?, value, value_span)?,
            None => self.reset(name, span)?,
        }
        self.shared.governor.set_limit(self.settings.memory_limit);
        Ok(Outcome::Done(Done::default()))
    }

    /// RESET one setting, or ALL.
    fn reset(&mut self, name: &str, span: Span) -> diag::Result<()> {
        let options = &self.shared.options;
        let defaults = Settings::new(options.threads, options.memory_limit);
        if name == "all" {
            self.settings = defaults;
        } else {
            self.settings.reset(Setting::find(name, span)?, &defaults);
        }
        Ok(())
    }

    fn prepare_named(&mut self, name: String, text: &str) -> diag::Result<Outcome> {
        if self.prepared.contains_key(&name) {
            let message = format!("prepared statement \"{name}\" exists already");
            return Err(Box::new(Diagnostic::new(Code::PreparedStatement, message)));
        }
        let statement = self.prepare(text).map_err(|error| Box::new(error.diagnostic().clone()))?;
        self.prepared.insert(name, statement);
        Ok(Outcome::Done(Done::default()))
    }

    fn execute_named(
        &mut self,
        name: &str,
        values: &[Value],
        span: Span,
        open: &mut Open,
    ) -> diag::Result<Step> {
        let Some(statement) = self.prepared.get(name).cloned() else {
            return Err(Box::new(self.unknown_prepared(name, span)));
        };
        let values = parameters::fit(values, &statement.parameters)?;
        // The mistake's places are those of the prepared text, which the caller does not see.
        let outcome = self.statement(&statement.tree, &statement.text, &values, open);
        outcome.map_err(|mut mistake| {
            mistake.labels.clear();
            Box::new(mistake.label(span, format!("while running {}", statement.text)))
        })
    }

    fn deallocate(&mut self, name: Option<String>, span: Span) -> diag::Result<Outcome> {
        match name {
            None => self.prepared.clear(),
            Some(name) => {
                if self.prepared.remove(&name).is_none() {
                    return Err(Box::new(self.unknown_prepared(&name, span)));
                }
            }
        }
        Ok(Outcome::Done(Done::default()))
    }

    fn unknown_prepared(&self, name: &str, span: Span) -> Diagnostic {
        let message = format!("prepared statement \"{name}\" does not exist");
        let names = self.prepared.keys().map(String::as_str);
        Diagnostic::at(Code::PreparedStatement, span, message)
            .help_opt(diag::did_you_mean(name, names))
    }
}

/// What a statement asks of its session.
enum Step {
    Outcome(Outcome),
    Transaction(TransactionAction),
}

impl Run<'_> {
    /// A SELECT streams; a write runs to its end.
    fn query(&mut self, query: Query) -> diag::Result<Outcome> {
        if query.root.written_table().is_some() {
            let rows = self.write(query, None)?;
            return Ok(Outcome::Done(Done { rows_affected: Some(rows), commit_id: None }));
        }
        Ok(Outcome::Rows(self.select(query)?))
    }

    /// Runs a query that gives rows.
    pub(crate) fn select(&mut self, query: Query) -> diag::Result<Rows> {
        let columns = result_columns(&query);
        let plan = self.plan(query)?;
        let pipelines = Arc::new(exec::stage(&plan));
        let rows = exec::run(&pipelines, self.exec_context(None))?;
        Ok(Rows::running(columns, rows, self.text))
    }

    /// Runs a write and returns the rows it touched; `external` feeds COPY FROM.
    pub(crate) fn write(
        &mut self,
        query: Query,
        external: Option<exec::ExternalRows>,
    ) -> diag::Result<u64> {
        self.refuse_read_only()?;
        self.open.note(write_word(&query));
        let plan = self.plan(query)?;
        let pipelines = Arc::new(exec::stage(&plan));
        let context = self.exec_context(external);
        Ok(exec::write(&pipelines, context, &mut self.open.store)?.rows)
    }

    /// Optimizes and plans.
    pub(crate) fn plan(&self, query: Query) -> diag::Result<ir::Physical> {
        if let Some(span) = ir::unrepeatable(&query) {
            let what = "a correlated subquery over rows that a volatile function makes";
            return Err(Diagnostic::not_built(span, what).into());
        }
        let query = self.optimized(query);
        Ok(self.with_plan_context(&query, |context| ir::plan(&query, context)))
    }

    /// Runs the rewrite rules; with `optimizer` off only the one that subqueries need to run at all.
    pub(crate) fn optimized(&self, query: Query) -> Query {
        if !self.session.settings.optimizer {
            return ir::decorrelate(query);
        }
        self.with_plan_context(&query.clone(), |context| ir::optimize(query, context))
    }

    /// Calls `work` with the statistics of a query's tables and the interpreter.
    pub(crate) fn with_plan_context<T>(
        &self,
        query: &Query,
        work: impl FnOnce(&PlanContext<'_>) -> T,
    ) -> T {
        let statistics = analyze::statistics(&self.session.shared, query);
        let context = self.session.eval_context(self.open, self.parameters);
        let evaluate = |scalar: &Scalar| eval::constant(scalar, &context);
        let samples = &self.session.shared.analyzed;
        let sample = |scan: &ir::Scan| {
            let analyzed = samples.read().get(&scan.table.id).cloned()?;
            analyzed.sample.count(scan, &context)
        };
        work(&PlanContext { statistics: &statistics, evaluate: &evaluate, sample: &sample })
    }

    /// Returns what a run of pipelines takes from this session.
    pub(crate) fn exec_context(&mut self, external: Option<exec::ExternalRows>) -> ExecContext {
        let view = self.open.store.view();
        let session = &self.session;
        ExecContext {
            view: Some(view),
            eval: Arc::new(session.eval_context(self.open, self.parameters)),
            governor: Arc::clone(&session.shared.governor),
            cancel: session.cancel.clone(),
            jit: session.settings.jit,
            kernels: Arc::clone(&session.shared.kernels),
            threads: session.settings.threads,
            workers: Arc::clone(&session.shared.workers),
            external: external.map(|rows| Arc::new(parking_lot::Mutex::new(rows))),
            progress: Arc::<Progress>::default(),
            measure: false,
        }
    }

    /// Writes are refused in read-only and pinned transactions.
    pub(crate) fn refuse_read_only(&self) -> diag::Result<()> {
        let read_only = self.session.block.as_ref().is_some_and(|block| block.read_only);
        if read_only {
            let message = "a read-only transaction cannot write";
            return Err(Box::new(Diagnostic::new(Code::ReadOnly, message)));
        }
        Ok(())
    }

    fn ddl(&mut self, change: Ddl) -> diag::Result<Outcome> {
        self.refuse_read_only()?;
        let rows_affected = ddl::run(self, change)?;
        Ok(Outcome::Done(Done { rows_affected, commit_id: None }))
    }

    fn vacuum(&mut self) -> diag::Result<Outcome> {
        if self.session.block.is_some() {
            let message = "VACUUM cannot run inside a transaction";
            return Err(Box::new(Diagnostic::new(Code::TransactionState, message)));
        }
        let failed = |error: storage::Error| Box::new(store_diagnostic(&error));
        self.session.shared.vacuum().map_err(failed)?;
        Ok(Outcome::Done(Done::default()))
    }
}

/// Returns the result's columns of a query.
pub(crate) fn result_columns(query: &Query) -> Vec<ResultColumn> {
    let column = |output: &ir::OutputColumn| ResultColumn {
        name: output.name.clone(),
        ty: query.columns.ty(output.column),
    };
    query.output.iter().map(column).collect()
}

fn write_word(query: &Query) -> &'static str {
    match query.root.as_ref() {
        ir::Logical::Write(write) => match write.action {
            ir::WriteAction::Insert { .. } => "INSERT",
            ir::WriteAction::Update { .. } => "UPDATE",
            ir::WriteAction::Delete { .. } => "DELETE",
        },
        _ => "SELECT",
    }
}

fn only_rows(outcome: Outcome, text: &str) -> Result<Rows> {
    match outcome {
        Outcome::Rows(rows) => Ok(rows),
        Outcome::Done(_) => {
            let message = "the statement gives no rows";
            Err(Error::of(Diagnostic::new(Code::WrongObject, message), text))
        }
    }
}

fn commit_number(committed: Committed) -> u64 {
    committed.id.0
}

fn no_transaction() -> Box<Diagnostic> {
    Box::new(
        Diagnostic::new(Code::NoTransaction, "there is no transaction").help("BEGIN opens one"),
    )
}
