//! FROM: tables, subqueries, functions and joins.

use std::sync::Arc;

use diag::{Code, Diagnostic, Result, Span};
use grammar::ast::{self, JoinCondition, TableRef};
use ir::{Column, CompareOp, Function, Join, JoinKind, Logical, Scalar};
use types::DataType;

use super::Bound;
use super::joined::join_with;
use super::relation::Source;
use crate::binder::Binder;
use crate::coerce::{common, is_unknown};
use crate::expr::{Allows, Clause, Inside, not_built};
use crate::function::call_of;
use crate::literal;
use crate::scope::{Outer, Scope, ScopeColumn, ScopeTable, StarColumn};
use crate::unknown;

impl Binder<'_> {
    /// Binds a FROM list; without one, a single row of no columns.
    pub(crate) fn from(&mut self, tables: &[TableRef]) -> Result<Source> {
        let mut sources = tables.iter();
        let Some(first) = sources.next() else {
            let plan = Logical::Values { rows: Arc::new(vec![Vec::new()]), columns: Vec::new() };
            return Ok(Source { plan: Arc::new(plan), scope: Scope::default() });
        };
        let mut whole = self.table_ref(first)?;
        for table in sources {
            let (right, lateral) = self.right_of(&whole, table)?;
            let mut scope = whole.scope;
            scope.join(right.scope)?;
            let (left, right) = (whole.plan, right.plan);
            let join = Join { kind: JoinKind::Inner, left, right, on: Vec::new() };
            let plan = if lateral { Logical::DependentJoin(join) } else { Logical::Join(join) };
            whole = Source { plan: Arc::new(plan), scope };
        }
        Ok(whole)
    }

    fn table_ref(&mut self, table: &TableRef) -> Result<Source> {
        match table {
            TableRef::Table(table) => self.named_table(table),
            TableRef::Derived(derived) => self.derived_table(derived),
            TableRef::Function(function) => self.function_table(function),
            TableRef::Join(join) => self.join(join),
        }
    }

    /// Binds what stands right of a table: LATERAL sees the names of the left.
    fn right_of(&mut self, left: &Source, table: &TableRef) -> Result<(Source, bool)> {
        let lateral = match table {
            TableRef::Derived(derived) => derived.lateral,
            TableRef::Function(function) => function.lateral,
            TableRef::Table(_) | TableRef::Join(_) => false,
        };
        if !lateral {
            return Ok((self.table_ref(table)?, false));
        }
        self.outer.push(Outer {
            scope: left.scope.clone(),
            place: "FROM",
            allows: Allows::Scalars,
            inside: Inside::Nothing,
            aggregates: Vec::new(),
        });
        let right = self.table_ref(table);
        self.outer.pop();
        Ok((right?, true))
    }

    fn derived_table(&mut self, derived: &ast::DerivedTable) -> Result<Source> {
        let reads = self.reads_of(&derived.temporal)?;
        let outer = std::mem::replace(&mut self.reads, reads);
        let bound = self.query(&derived.query);
        self.reads = outer;
        let mut bound = self.settled(bound?);
        if derived.lateral {
            // It may show a column of the left.
            bound = self.fresh_columns(bound);
        }
        match &derived.alias {
            Some(alias) => self.query_source(bound, &alias.name, Some(alias), derived.span),
            None => {
                let scope = self.scope_of(&bound, None, self.place(derived.span));
                Ok(Source { plan: bound.plan, scope })
            }
        }
    }

    fn function_table(&mut self, function: &ast::FunctionTable) -> Result<Source> {
        let name = function.call.name.last();
        if function.ordinality {
            return not_built(function.span, "WITH ORDINALITY");
        }
        if name.node != "generate_series" {
            let known = ["generate_series"];
            if ["read_csv", "read_parquet", "read_json", "unnest", "temporal_diff"]
                .contains(&name.node.as_str())
            {
                return not_built(name.span, &format!("the table function {}", name.node));
            }
            let message = format!("table function \"{}\" does not exist", name.node);
            return Err(Diagnostic::at(Code::UnknownFunction, name.span, message)
                .help_opt(diag::did_you_mean(&name.node, known))
                .into());
        }
        let mut bound = self.generate_series(&function.call, function.span)?;
        if let Some(alias) = &function.alias {
            // The alias of a function that gives one column names the column too.
            bound.output[0].name.clone_from(&alias.name.node);
        }
        self.query_source(bound, name, function.alias.as_ref(), function.span)
    }

    /// `generate_series(start, stop [, step])` over BIGINT, or TIMESTAMP with an INTERVAL step.
    fn generate_series(&mut self, call: &ast::Call, span: Span) -> Result<Bound> {
        let scope = Scope::default();
        let mut clause = Clause::outward(&scope, "a table function");
        let mut args = Vec::with_capacity(3);
        for arg in &call.args {
            args.push(self.expr(arg, &mut clause)?);
        }
        if args.iter().any(|arg| !arg.columns().is_empty()) {
            return not_built(span, "generate_series over columns of a query around it");
        }
        let mut args = args.into_iter();
        let (Some(start), Some(stop), step, None) =
            (args.next(), args.next(), args.next(), args.next())
        else {
            return Err(series_usage(span).into());
        };
        let temporal = [&start, &stop]
            .iter()
            .any(|bound| matches!(bound.ty, DataType::Timestamp | DataType::Date));
        let (ty, step_ty) = if temporal {
            (DataType::Timestamp, DataType::Interval)
        } else {
            (DataType::Int64, DataType::Int64)
        };
        let step = match step {
            Some(step) => step,
            None if temporal => return Err(series_usage(span).into()),
            None => literal::bigint(1, span),
        };
        let start = self.series_argument(start, ty, span)?;
        let stop = self.series_argument(stop, ty, span)?;
        let step = self.series_argument(step, step_ty, span)?;
        let name = "generate_series".to_owned();
        let column = self.columns.push(&name, ty);
        let plan = Logical::GenerateSeries { start, stop, step, column };
        let output = vec![ir::OutputColumn { column, name }];
        Ok(Bound { plan: Arc::new(plan), output })
    }

    fn series_argument(&mut self, arg: Scalar, ty: DataType, span: Span) -> Result<Scalar> {
        let fits = is_unknown(&arg)
            || arg.ty == ty
            || (arg.ty.is_integer() && ty == DataType::Int64)
            || (arg.ty == DataType::Date && ty == DataType::Timestamp);
        if fits { self.convert(arg, ty) } else { Err(series_usage(span).into()) }
    }

    fn join(&mut self, join: &ast::Join) -> Result<Source> {
        match join.style {
            ast::JoinStyle::Plain => {}
            ast::JoinStyle::AsOf => return not_built(join.kind.span, "an ASOF join"),
            ast::JoinStyle::Temporal => return not_built(join.kind.span, "a TEMPORAL join"),
        }
        let left = self.table_ref(&join.left)?;
        let (right, lateral) = self.right_of(&left, &join.right)?;
        let kind = kind_of(join.kind.node);
        if lateral {
            return self.join_lateral(kind, left, right, join);
        }
        match &join.condition {
            JoinCondition::None => self.join_on(kind, left, right, None),
            JoinCondition::On(on) => self.join_on(kind, left, right, Some(on)),
            JoinCondition::Using(names) => self.join_using(kind, left, right, names),
            JoinCondition::Natural => {
                let names = natural_names(&left.scope, &right.scope, join.span);
                self.join_using(kind, left, right, &names)
            }
            JoinCondition::OnPeriod { period, .. } => {
                not_built(period.span, "USING PERIOD in a join")
            }
        }
    }

    fn join_lateral(
        &mut self,
        kind: JoinKind,
        left: Source,
        right: Source,
        join: &ast::Join,
    ) -> Result<Source> {
        if !matches!(kind, JoinKind::Inner | JoinKind::Left) {
            return not_built(join.kind.span, "LATERAL in this kind of join");
        }
        let mut scope = left.scope;
        scope.join(right.scope)?;
        let on = match &join.condition {
            JoinCondition::None => Vec::new(),
            JoinCondition::On(on) => {
                let mut clause = Clause::outward(&scope, "ON");
                self.conjunction(on, "ON", &mut clause)?
            }
            JoinCondition::Using(_) | JoinCondition::Natural | JoinCondition::OnPeriod { .. } => {
                return not_built(join.kind.span, "LATERAL with a condition other than ON");
            }
        };
        let join = Join { kind, left: left.plan, right: right.plan, on };
        Ok(Source { plan: Arc::new(Logical::DependentJoin(join)), scope })
    }

    fn join_on(
        &mut self,
        kind: JoinKind,
        mut left: Source,
        mut right: Source,
        on: Option<&ast::Expr>,
    ) -> Result<Source> {
        let mut both = left.scope.clone();
        both.join(right.scope.clone())?;
        let mut clause = Clause::with_subqueries(&both, "ON");
        let on = match on {
            None => Vec::new(),
            Some(on) => self.conjunction(on, "ON", &mut clause)?,
        };
        let plan = join_with(kind, &mut left, &mut right, on, clause.subqueries)?;
        let scope = match kind {
            JoinKind::Semi | JoinKind::Anti => left.scope,
            _ => both,
        };
        Ok(Source { plan, scope })
    }

    /// USING and NATURAL: equal columns of either side become one.
    fn join_using(
        &mut self,
        kind: JoinKind,
        left: Source,
        right: Source,
        names: &[ast::Name],
    ) -> Result<Source> {
        let mut on = Vec::with_capacity(names.len());
        let mut pairs = Vec::with_capacity(names.len());
        for name in names {
            let l = side_column(&left.scope, name)?;
            let r = side_column(&right.scope, name)?;
            let l_scalar = self.columns.scalar(l, name.span);
            let r_scalar = self.columns.scalar(r, name.span);
            on.push(self.compare(CompareOp::Eq, l_scalar, r_scalar, name.span)?);
            pairs.push((name, l, r));
        }
        let mut scope = left.scope.clone();
        scope.join(right.scope)?;
        let mut plan = join_node(kind, left.plan, right.plan, on);
        if matches!(kind, JoinKind::Semi | JoinKind::Anti) {
            return Ok(Source { plan, scope: left.scope });
        }
        let merged = self.merged(kind, &pairs, &mut plan)?;
        scope.star.retain(|column| {
            !pairs.iter().any(|(_, l, r)| column.column == *l || column.column == *r)
        });
        scope.star.splice(0..0, merged);
        Ok(Source { plan, scope })
    }

    /// The value of a merged column: the side that has a row; for FULL, whichever has.
    fn merged(
        &mut self,
        kind: JoinKind,
        pairs: &[(&ast::Name, Column, Column)],
        plan: &mut Arc<Logical>,
    ) -> Result<Vec<StarColumn>> {
        let mut merged = Vec::with_capacity(pairs.len());
        let mut computed = Vec::new();
        for (name, left, right) in pairs {
            let column = match kind {
                JoinKind::Right => *right,
                JoinKind::Full => {
                    let (column, scalar) = self.either(name, *left, *right)?;
                    computed.push((column, scalar));
                    column
                }
                JoinKind::Inner
                | JoinKind::Left
                | JoinKind::Semi
                | JoinKind::Anti
                | JoinKind::Mark(_)
                | JoinKind::Single { .. } => *left,
            };
            merged.push(StarColumn { name: name.node.clone(), column, table: None });
        }
        if !computed.is_empty() {
            let through = plan.columns().into_iter();
            let through = through.map(|column| (column, self.columns.scalar(column, Span::NONE)));
            let items = through.chain(computed).collect();
            // A Project reads every column, so none of the hidden ones may be dropped below it.
            self.hidden_used.extend(plan.columns());
            *plan = Arc::new(Logical::Project { input: Arc::clone(plan), items });
        }
        Ok(merged)
    }

    fn either(
        &mut self,
        name: &ast::Name,
        left: Column,
        right: Column,
    ) -> Result<(Column, Scalar)> {
        let sides =
            vec![self.columns.scalar(left, name.span), self.columns.scalar(right, name.span)];
        let sides = self.unify(sides, "USING")?;
        let ty = sides.iter().fold(DataType::Null, |ty, side| common(ty, side.ty).unwrap_or(ty));
        let column = self.columns.push(&name.node, ty);
        Ok((column, call_of(Function::Coalesce, sides, ty, name.span)))
    }

    /// Returns the scope of a table that is being made: fresh columns of these names and types.
    pub(crate) fn column_scope(&mut self, title: String, list: &[(String, DataType)]) -> Scope {
        let columns = list.iter().map(|(name, ty)| ScopeColumn {
            name: name.clone(),
            column: self.columns.push(name, *ty),
        });
        let columns = columns.collect();
        let hidden = Vec::new();
        Scope::of(ScopeTable { name: None, title, columns, hidden, span: Span::NONE })
    }
}

fn series_usage(span: Span) -> Diagnostic {
    Diagnostic::at(Code::UnknownFunction, span, "generate_series takes other arguments")
        .help("generate_series(start, stop [, step]) counts in BIGINT, or TIMESTAMP by INTERVAL")
}

fn join_node(
    kind: JoinKind,
    left: Arc<Logical>,
    right: Arc<Logical>,
    on: Vec<Scalar>,
) -> Arc<Logical> {
    Arc::new(Logical::Join(Join { kind, left, right, on }))
}

fn kind_of(kind: ast::JoinKind) -> JoinKind {
    match kind {
        ast::JoinKind::Inner | ast::JoinKind::Cross => JoinKind::Inner,
        ast::JoinKind::Left => JoinKind::Left,
        ast::JoinKind::Right => JoinKind::Right,
        ast::JoinKind::Full => JoinKind::Full,
        ast::JoinKind::Semi => JoinKind::Semi,
        ast::JoinKind::Anti => JoinKind::Anti,
    }
}

/// The names that both sides of a NATURAL join have, in the order of the left side.
fn natural_names(left: &Scope, right: &Scope, span: Span) -> Vec<ast::Name> {
    let both =
        left.star.iter().filter(|column| right.star.iter().any(|other| other.name == column.name));
    both.map(|column| ast::Name::new(column.name.clone(), span)).collect()
}

/// The one column of this name on a side of USING.
fn side_column(scope: &Scope, name: &ast::Name) -> Result<Column> {
    let mut found = scope.star.iter().filter(|column| column.name == name.node);
    match (found.next(), found.next()) {
        (Some(column), None) => Ok(column.column),
        (None, _) => Err(unknown::column(scope, std::slice::from_ref(name)).into()),
        (Some(_), Some(_)) => {
            let message = format!("column \"{}\" is ambiguous on one side of the join", name.node);
            Err(Diagnostic::at(Code::AmbiguousColumn, name.span, message).into())
        }
    }
}
