//! The state of one statement's binding: its columns, parameters, and what the clauses around say.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use diag::{Code, Diagnostic, Result, Span};
use ir::{Catalog, Column, Columns, Logical, Query, Scalar, ScalarKind, ScanColumn};
use types::{DataType, Value};

use crate::context::BindContext;
use crate::query::{Bound, Cte};
use crate::scope::Outer;
use crate::temporal::Reads;

/// How deep queries and views may nest: each level costs stack in every visitor of the plan.
const QUERY_DEPTH_MAX: u32 = 60;
/// The largest parameter number.
const PARAMETERS_MAX: u32 = 65_535;

/// The types that context has given to the parameters so far.
#[derive(Default)]
pub(crate) struct Parameters {
    types: Vec<Option<DataType>>,
    /// True once a place took a parameter without giving it a type: bind again when all is known.
    pub(crate) undecided: bool,
}

/// Binds one statement.
pub(crate) struct Binder<'a> {
    pub(crate) context: &'a BindContext<'a>,
    pub(crate) columns: Columns,
    pub(crate) parameters: Parameters,
    /// What the temporal clauses around the current place say.
    pub(crate) reads: Reads,
    /// The common table expressions in sight, the nearest last.
    pub(crate) ctes: Vec<Rc<Cte>>,
    /// Hidden columns that something reads; scans drop the others at the end.
    pub(crate) hidden_used: BTreeSet<Column>,
    /// Set while text of the catalog (a view, a default, a check) is bound: the place in the
    /// user's statement that stands for all of it.
    pub(crate) foreign: Option<Span>,
    /// The views being bound, the outermost first.
    pub(crate) views: Vec<String>,
    /// The queries around the one being bound, the nearest last: what a subquery sees.
    pub(crate) outer: Vec<Outer>,
    depth: u32,
}

impl<'a> Binder<'a> {
    pub(crate) fn new(context: &'a BindContext<'a>) -> Binder<'a> {
        Binder {
            context,
            columns: Columns::default(),
            parameters: Parameters::default(),
            reads: Reads::default(),
            ctes: Vec::new(),
            hidden_used: BTreeSet::new(),
            foreign: None,
            views: Vec::new(),
            outer: Vec::new(),
            depth: 0,
        }
    }

    /// Returns a binder that starts with the parameter types of a first pass; those that nothing
    /// decided are the values' own, or TEXT.
    pub(crate) fn second_pass(context: &'a BindContext<'a>, first: &Parameters) -> Binder<'a> {
        let mut binder = Binder::new(context);
        let decided = first.types.iter().enumerate();
        let decided = decided.map(|(n, ty)| Some(ty.unwrap_or_else(|| fallback(context, n))));
        binder.parameters.types = decided.collect();
        binder
    }

    /// Returns the place to report for something that stands at `span`.
    pub(crate) fn place(&self, span: Span) -> Span {
        self.foreign.unwrap_or(span)
    }

    /// The schema of plain reads.
    pub(crate) fn current(&self) -> &'a Arc<Catalog> {
        &self.context.current
    }

    /// Runs `inner` one query deeper.
    pub(crate) fn nested<T>(
        &mut self,
        span: Span,
        inner: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        self.nested_by(1, span, inner)
    }

    /// Runs `inner` some queries deeper.
    pub(crate) fn nested_by<T>(
        &mut self,
        levels: u32,
        span: Span,
        inner: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let outer = self.depth;
        if outer.saturating_add(levels) > QUERY_DEPTH_MAX {
            let message = format!("queries nest deeper than {QUERY_DEPTH_MAX} levels");
            return Err(Diagnostic::at(Code::TooDeep, self.place(span), message)
                .help("keep a part of it in a table: CREATE TABLE … AS SELECT")
                .into());
        }
        self.depth = outer + levels;
        let result = inner(self);
        self.depth = outer;
        result
    }

    /// Binds text of the catalog; its mistakes are shown at `span`, with `what` it was.
    pub(crate) fn foreign<T>(
        &mut self,
        span: Span,
        what: &str,
        inner: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let span = self.place(span);
        let outer = self.foreign.replace(span);
        let result = inner(self);
        self.foreign = outer;
        result.map_err(|mistake| in_catalog_text(*mistake, span, what))
    }

    /// Returns the parameter with this number, from 1.
    pub(crate) fn parameter(&mut self, number: u32, span: Span) -> Result<Scalar> {
        let given = self.context.parameters.map(<[Value]>::len);
        let missing = given.is_some_and(|given| number as usize > given);
        if number == 0 || number > PARAMETERS_MAX || missing {
            let mut mistake = Diagnostic::at(
                Code::UnknownParameter,
                span,
                format!("there is no parameter ${number}"),
            );
            if let (true, Some(given)) = (missing, given) {
                mistake = mistake.primary(format!("{given} values were given"));
            }
            return Err(mistake.into());
        }
        let index = number - 1;
        if self.parameters.types.len() <= index as usize {
            self.parameters.types.resize(index as usize + 1, None);
        }
        let ty = self.parameters.types[index as usize].unwrap_or(DataType::Null);
        Ok(Scalar::new(ScalarKind::Parameter(index), ty, span))
    }

    /// Gives parameter `index` (from 0) the type that its context wants, and returns what it got.
    ///
    /// A number that is about to run keeps its own type: rounding `$1` to the scale of the column
    /// beside it would make unequal numbers equal.
    pub(crate) fn decide_parameter(&mut self, index: u32, wanted: DataType) -> DataType {
        let own = self.parameter_value(index).map_or(DataType::Null, Value::data_type);
        let ty = match wanted {
            _ if wanted.is_numeric() && own.is_numeric() => own,
            DataType::Decimal { scale, .. } => {
                DataType::Decimal { precision: 38, scale: scale.max(16) }
            }
            _ => wanted.unlimited(),
        };
        self.parameters.types[index as usize] = Some(ty);
        ty
    }

    /// Lets parameter `index` take a value of any type, unless another place gives it one.
    pub(crate) fn accept_any(&mut self, index: u32) {
        self.parameters.types[index as usize] = Some(DataType::Null);
    }

    /// Returns the value of parameter `index`, if values were given.
    pub(crate) fn parameter_value(&self, index: u32) -> Option<&'a Value> {
        self.context.parameters.and_then(|values| values.get(index as usize))
    }

    /// Evaluates a constant; parameters are replaced by their values. `None` if one has no value yet.
    pub(crate) fn constant(&self, scalar: &Scalar) -> Result<Option<Value>> {
        let mut closed = scalar.clone();
        let mut open = false;
        closed.walk_mut(&mut |node| {
            if let ScalarKind::Parameter(index) = node.kind {
                match self.parameter_value(index) {
                    Some(value) => *node = parameter_literal(value, node),
                    None => open = true,
                }
            }
        });
        if open {
            return Ok(None);
        }
        (self.context.evaluate)(&closed).map(Some).map_err(|mistake| pointed(mistake, scalar.span))
    }

    /// Refuses a value that no parameter takes.
    pub(crate) fn check_values_used(&self) -> Result<()> {
        let given = self.context.parameters.map_or(0, <[Value]>::len);
        let used = self.parameters.types.len();
        if given > used {
            let message = format!("{given} values were given for {used} parameters");
            return Err(Diagnostic::new(Code::UnknownParameter, message).into());
        }
        Ok(())
    }

    /// Returns the types of all parameters; those that nothing decided are the values' own, or TEXT.
    pub(crate) fn parameter_types(&self) -> Vec<DataType> {
        let types = self.parameters.types.iter().enumerate();
        types.map(|(n, ty)| ty.unwrap_or_else(|| fallback(self.context, n))).collect()
    }

    /// Turns a bound query into the statement's own.
    pub(crate) fn finish_query(&mut self, bound: Bound) -> Query {
        let bound = self.settled(bound);
        let output = bound.output;
        self.finish_plan(bound.plan, output)
    }

    /// Wraps a plan with all columns and parameters of the statement.
    pub(crate) fn finish_plan(
        &mut self,
        mut root: Arc<Logical>,
        output: Vec<ir::OutputColumn>,
    ) -> Query {
        drop_unused_hidden(&mut root, &self.hidden_used);
        let parameters = self.parameter_types();
        Query { root, columns: std::mem::take(&mut self.columns), output, parameters }
    }
}

fn fallback(context: &BindContext<'_>, index: usize) -> DataType {
    let given = context.parameters.and_then(|values| values.get(index)).map(Value::data_type);
    given.filter(|ty| *ty != DataType::Null).unwrap_or(DataType::TEXT)
}

/// The value of a parameter as a constant of the parameter's type.
fn parameter_literal(value: &Value, node: &Scalar) -> Scalar {
    let own = value.data_type();
    if own == node.ty || value.is_null() {
        return Scalar::literal(value.clone(), node.ty, node.span);
    }
    let literal = Scalar::literal(value.clone(), own, node.span);
    if node.ty == DataType::Null {
        return literal;
    }
    let kind = ScalarKind::Cast { input: Box::new(literal), lenient: false };
    Scalar::new(kind, node.ty, node.span)
}

/// Makes sure that a mistake found by the interpreter points at the text.
pub(crate) fn pointed(mut mistake: Box<Diagnostic>, span: Span) -> Box<Diagnostic> {
    if mistake.span().is_none_or(|at| at == Span::NONE) {
        let text = mistake.labels.first().map(|label| label.text.clone()).unwrap_or_default();
        mistake.labels = vec![diag::Label { span, text }];
    }
    mistake
}

fn in_catalog_text(mistake: Diagnostic, span: Span, what: &str) -> Box<Diagnostic> {
    let mut shown = Diagnostic::at(mistake.code, span, mistake.message);
    shown = shown.primary(format!("in {what}")).help_opt(mistake.help);
    shown.detail = mistake.detail;
    shown.into()
}

/// Scans are made with all hidden columns, since FROM is bound before any name is looked up.
fn drop_unused_hidden(plan: &mut Arc<Logical>, used: &BTreeSet<Column>) {
    // A shared subplan is left as it is: its columns are pruned with all others by the optimizer.
    let Some(node) = Arc::get_mut(plan) else { return };
    match node {
        Logical::Scan(scan) => {
            let unused: BTreeSet<Column> = scan
                .columns
                .iter()
                .map(|(column, _)| *column)
                .filter(|column| is_unused(scan, *column, used))
                .collect();
            scan.columns.retain(|(column, _)| !unused.contains(column));
        }
        Logical::SystemScan { .. }
        | Logical::Values { .. }
        | Logical::External { .. }
        | Logical::GenerateSeries { .. } => {}
        Logical::Project { input, items } => {
            if let Logical::Scan(scan) = input.as_ref() {
                items.retain(|(column, _)| !is_unused(scan, *column, used));
            }
            drop_unused_hidden(input, used);
        }
        Logical::Filter { input, .. }
        | Logical::Aggregate { input, .. }
        | Logical::Window { input, .. }
        | Logical::Sort { input, .. }
        | Logical::Limit { input, .. }
        | Logical::Distinct { input } => drop_unused_hidden(input, used),
        Logical::Join(join) | Logical::DependentJoin(join) => {
            drop_unused_hidden(&mut join.left, used);
            drop_unused_hidden(&mut join.right, used);
        }
        Logical::UnionAll { inputs, .. } => {
            inputs.iter_mut().for_each(|(input, _)| drop_unused_hidden(input, used));
        }
        Logical::Write(write) => drop_unused_hidden(&mut write.input, used),
    }
}

/// True of a hidden column of the scan that nothing reads.
fn is_unused(scan: &ir::Scan, column: Column, used: &BTreeSet<Column>) -> bool {
    let source = scan.columns.iter().find(|(made, _)| *made == column).map(|(_, source)| *source);
    let hidden = match source {
        Some(ScanColumn::Stored(id)) => id == ir::catalog::ROW_ID,
        Some(_) => true,
        None => false,
    };
    hidden && !used.contains(&column)
}
