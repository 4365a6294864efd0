//! Aggregates: bound where they stand, computed by the Aggregate operator below.

use diag::{Code, Diagnostic, Result, Span};
use grammar::ast::{Call, OrderItem};
use ir::{AggregateCall, AggregateFunction, Column, Scalar, SortKey};
use types::{DataType, Value};

use crate::binder::Binder;
use crate::coerce::cast;
use crate::expr::{Allows, Clause, Inside, not_built};

/// Every spelling, for suggestions.
pub(super) const NAMES: &[&str] = &[
    "count",
    "sum",
    "avg",
    "mean",
    "min",
    "max",
    "bool_and",
    "every",
    "bool_or",
    "string_agg",
    "group_concat",
    "listagg",
    "stddev",
    "stddev_samp",
    "stddev_pop",
    "variance",
    "var_samp",
    "var_pop",
];

/// Returns the aggregate of this name.
pub(super) fn named(name: &str) -> Option<AggregateFunction> {
    use AggregateFunction as A;
    Some(match name {
        "count" => A::Count,
        "sum" => A::Sum,
        "avg" | "mean" => A::Avg,
        "min" => A::Min,
        "max" => A::Max,
        "bool_and" | "every" => A::BoolAnd,
        "bool_or" => A::BoolOr,
        "string_agg" | "group_concat" | "listagg" => A::StringAgg,
        "stddev" | "stddev_samp" => A::StddevSamp,
        "stddev_pop" => A::StddevPop,
        "variance" | "var_samp" => A::VarSamp,
        "var_pop" => A::VarPop,
        _ => return None,
    })
}

impl Binder<'_> {
    pub(super) fn aggregate(
        &mut self,
        function: AggregateFunction,
        name: &str,
        call: &Call,
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        if self.outer.is_empty() {
            allowed(name, span, Home::of(clause))?;
        }
        if call.within_group && function != AggregateFunction::StringAgg {
            return not_built(span, &format!("WITHIN GROUP of {name}"));
        }
        let outer = std::mem::replace(&mut clause.inside, Inside::Aggregate);
        let bound = self.aggregate_call(function, name, call, span, clause);
        clause.inside = outer;
        let bound = bound?;
        if let Some(at) = self.aggregate_home(&bound, clause) {
            let outer = &self.outer[at];
            let (place, allows, inside) = (outer.place, outer.allows, outer.inside);
            allowed(name, span, Home { place, allows, inside })?;
            let mut list = std::mem::take(&mut self.outer[at].aggregates);
            let scalar = self.aggregate_column(bound, name, &mut list);
            self.outer[at].aggregates = list;
            return Ok(scalar);
        }
        allowed(name, span, Home::of(clause))?;
        let mut list = std::mem::take(&mut clause.calls.aggregates);
        let scalar = self.aggregate_column(bound, name, &mut list);
        clause.calls.aggregates = list;
        Ok(scalar)
    }

    /// Returns which query around an aggregate belongs to: that of the nearest column it reads, or
    /// none if that is a column of this one, or if there is no column.
    fn aggregate_home(&self, call: &AggregateCall, clause: &Clause<'_>) -> Option<usize> {
        let order = call.order.iter().map(|key| &key.scalar);
        let read = call.args.iter().chain(&call.filter).chain(order);
        let columns: Vec<Column> = read.flat_map(Scalar::columns).collect();
        let home = |column: &Column| {
            let around = self.outer.iter().rposition(|outer| outer.scope.has(*column));
            if clause.scope.has(*column) { None } else { around }
        };
        let homes: Option<Vec<usize>> = columns.iter().map(home).collect();
        homes?.into_iter().max()
    }

    fn aggregate_call(
        &mut self,
        function: AggregateFunction,
        name: &str,
        call: &Call,
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<AggregateCall> {
        let mut args = self.arguments(&call.args, clause)?;
        let count_rows = function == AggregateFunction::Count && args.is_empty() && !call.distinct;
        let function = if count_rows { AggregateFunction::CountStar } else { function };
        if call.star && function != AggregateFunction::CountStar {
            return Err(wrong(name, "(*)", span).into());
        }
        self.check_arguments(function, name, &mut args, span)?;
        let filter = match &call.filter {
            Some(filter) => Some(self.predicate(filter, "FILTER", clause)?),
            None => None,
        };
        let order = self.sort_keys(&call.order_by, clause)?;
        let input = args.first().map_or(DataType::Null, |arg| arg.ty);
        let ty = function.result(input);
        let span = self.place(span);
        Ok(AggregateCall { function, args, distinct: call.distinct, filter, order, ty, span })
    }

    /// Converts the arguments to what the function takes.
    fn check_arguments(
        &mut self,
        function: AggregateFunction,
        name: &str,
        args: &mut Vec<Scalar>,
        span: Span,
    ) -> Result<()> {
        use AggregateFunction as A;
        if function == A::StringAgg {
            return self.string_agg_arguments(name, args, span);
        }
        if function == A::CountStar {
            return Ok(());
        }
        if function == A::Count && args.len() > 1 {
            return not_built(span, "count of several columns");
        }
        let [arg] = args.as_mut_slice() else {
            return Err(wrong(name, &format!(" with {} arguments", args.len()), span).into());
        };
        let owned = std::mem::replace(arg, Scalar::boolean(true));
        *arg = self.aggregate_argument(function, name, owned, span)?;
        Ok(())
    }

    fn aggregate_argument(
        &mut self,
        function: AggregateFunction,
        name: &str,
        arg: Scalar,
        span: Span,
    ) -> Result<Scalar> {
        use AggregateFunction as A;
        let unknown = arg.ty == DataType::Null;
        match function {
            A::CountStar | A::Count => self.settle(arg),
            A::Sum | A::Avg => match arg.ty {
                DataType::Null => self.adopt(arg, DataType::Float64),
                DataType::Json | DataType::Interval => Ok(arg),
                ty if ty.is_numeric() => Ok(arg),
                _ => Err(not_for(name, "a number", &arg, span).into()),
            },
            A::Min | A::Max => match arg.ty {
                DataType::Boolean => Err(not_for(name, "a type with an order", &arg, span)
                    .help("bool_and and bool_or work on BOOLEAN")
                    .into()),
                _ => self.settle(arg),
            },
            A::BoolAnd | A::BoolOr => self.condition(arg, name),
            A::StddevSamp | A::StddevPop | A::VarSamp | A::VarPop => match arg.ty {
                _ if unknown => self.adopt(arg, DataType::Float64),
                ty if ty.is_numeric() || ty == DataType::Json => Ok(cast(arg, DataType::Float64)),
                _ => Err(not_for(name, "a number", &arg, span).into()),
            },
            A::StringAgg => self.texted(arg),
        }
    }

    /// The separator of GROUP_CONCAT is a comma unless given.
    fn string_agg_arguments(
        &mut self,
        name: &str,
        args: &mut Vec<Scalar>,
        span: Span,
    ) -> Result<()> {
        if args.len() == 1 && name != "string_agg" {
            let comma = if name == "listagg" { "" } else { "," };
            args.push(Scalar::literal(Value::text(comma), DataType::TEXT, span));
        }
        if args.len() != 2 {
            return Err(wrong(name, &format!(" with {} arguments", args.len()), span).into());
        }
        for arg in args.iter_mut() {
            let owned = std::mem::replace(arg, Scalar::boolean(true));
            *arg = self.texted(owned)?;
        }
        Ok(())
    }

    /// The same aggregate twice is computed once.
    fn aggregate_column(
        &mut self,
        call: AggregateCall,
        name: &str,
        list: &mut Vec<(Column, AggregateCall)>,
    ) -> Scalar {
        let (ty, span) = (call.ty, call.span);
        let known = list.iter().find(|(_, other)| same(other, &call));
        if let Some((column, _)) = known {
            return Scalar::column(*column, ty, span);
        }
        let column = self.columns.push(name, ty);
        list.push((column, call));
        Scalar::column(column, ty, span)
    }

    /// Binds the keys of an ORDER BY inside a call or window.
    pub(super) fn sort_keys(
        &mut self,
        items: &[OrderItem],
        clause: &mut Clause<'_>,
    ) -> Result<Vec<SortKey>> {
        let mut keys = Vec::with_capacity(items.len());
        for item in items {
            let scalar = self.typed(&item.expr, clause)?;
            keys.push(sort_key(scalar, item));
        }
        Ok(keys)
    }
}

/// NULLs are the largest values: last ascending, first descending.
pub(crate) fn sort_key(scalar: Scalar, item: &OrderItem) -> SortKey {
    let nulls_first = item.nulls_first.unwrap_or(item.descending);
    SortKey { scalar, descending: item.descending, nulls_first }
}

fn same(left: &AggregateCall, right: &AggregateCall) -> bool {
    left.function == right.function
        && left.args == right.args
        && left.distinct == right.distinct
        && left.filter == right.filter
        && left.order == right.order
}

/// The clause that an aggregate belongs to.
struct Home {
    place: &'static str,
    allows: Allows,
    inside: Inside,
}

impl Home {
    fn of(clause: &Clause<'_>) -> Home {
        Home { place: clause.place, allows: clause.allows, inside: clause.inside }
    }
}

fn allowed(name: &str, span: Span, clause: Home) -> Result<()> {
    let message = match (clause.inside, clause.allows) {
        (Inside::Aggregate, _) => "aggregate functions do not nest".to_owned(),
        (_, Allows::Scalars) => format!("aggregate functions are not allowed in {}", clause.place),
        _ => return Ok(()),
    };
    let mut mistake = Diagnostic::at(Code::MisplacedAggregate, span, message)
        .primary(format!("{name} is an aggregate function"));
    if clause.place == "WHERE" {
        mistake = mistake.help("conditions on groups belong in HAVING");
    }
    Err(mistake.into())
}

fn wrong(name: &str, how: &str, span: Span) -> Diagnostic {
    let message = format!("function {name}{how} does not exist");
    let usage = match name {
        "count" => "count(*) or count(value)".to_owned(),
        "string_agg" => "string_agg(text, separator)".to_owned(),
        _ => format!("{name}(value)"),
    };
    Diagnostic::at(Code::UnknownFunction, span, message)
        .help(format!("{name} is called as {usage}"))
}

fn not_for(name: &str, wanted: &str, arg: &Scalar, span: Span) -> Diagnostic {
    Diagnostic::at(
        Code::UnknownFunction,
        span,
        format!("function {name}({}) does not exist", arg.ty),
    )
    .primary(format!("takes {wanted}"))
    .label(arg.span, format!("this is {}", arg.ty))
}
