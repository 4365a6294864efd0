//! Window functions: the call, its partition and order.

use diag::{Code, Diagnostic, Result, Span, did_you_mean};
use grammar::ast::{self, Call, FrameBound, FrameUnits, WindowRef, WindowSpec};
use ir::{Scalar, WindowCall, WindowFunction};
use types::DataType;

use crate::binder::Binder;
use crate::expr::{Allows, Clause, Inside, WindowedCall, not_built};
use crate::literal;

/// Every name, for suggestions.
pub(super) const NAMES: &[&str] = &[
    "row_number",
    "rank",
    "dense_rank",
    "percent_rank",
    "cume_dist",
    "ntile",
    "lag",
    "lead",
    "first_value",
    "last_value",
];

/// Returns the window function of this name.
pub(super) fn named(name: &str) -> Option<WindowFunction> {
    use WindowFunction as W;
    Some(match name {
        "row_number" => W::RowNumber,
        "rank" => W::Rank,
        "dense_rank" => W::DenseRank,
        "percent_rank" => W::PercentRank,
        "cume_dist" => W::CumeDist,
        "ntile" => W::Ntile,
        "lag" => W::Lag,
        "lead" => W::Lead,
        "first_value" => W::FirstValue,
        "last_value" => W::LastValue,
        _ => return None,
    })
}

impl Binder<'_> {
    pub(super) fn window_call(
        &mut self,
        function: WindowFunction,
        name: &str,
        call: &Call,
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        allowed(name, call, span, clause)?;
        if call.ignore_nulls == Some(true) {
            return not_built(span, "IGNORE NULLS");
        }
        if call.distinct || call.filter.is_some() || !call.order_by.is_empty() {
            return not_built(span, "DISTINCT, FILTER or ORDER BY in a window function");
        }
        let outer = std::mem::replace(&mut clause.inside, Inside::Window);
        let bound = self.windowed(function, name, call, span, clause);
        clause.inside = outer;
        let bound = bound?;
        let scalar = Scalar::column(bound.column, bound.call.ty, span);
        clause.calls.windows.push(bound);
        Ok(scalar)
    }

    fn windowed(
        &mut self,
        function: WindowFunction,
        name: &str,
        call: &Call,
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<WindowedCall> {
        let args = self.arguments(&call.args, clause)?;
        let (args, ty) = self.window_arguments(function, name, args, span)?;
        let spec = self.window_spec(call.over.as_ref(), function, clause)?;
        let mut partition = Vec::with_capacity(spec.partition_by.len());
        for key in &spec.partition_by {
            partition.push(self.typed(key, clause)?);
        }
        let order = self.sort_keys(&spec.order_by, clause)?;
        let column = self.columns.push(name, ty);
        let call = WindowCall { function, args, ty, span: self.place(span) };
        Ok(WindowedCall { column, partition, order, call })
    }

    fn window_arguments(
        &mut self,
        function: WindowFunction,
        name: &str,
        args: Vec<Scalar>,
        span: Span,
    ) -> Result<(Vec<Scalar>, DataType)> {
        use WindowFunction as W;
        let count = args.len();
        let mut args = args.into_iter();
        match (function, count) {
            (W::RowNumber | W::Rank | W::DenseRank, 0) => Ok((Vec::new(), DataType::Int64)),
            (W::PercentRank | W::CumeDist, 0) => Ok((Vec::new(), DataType::Float64)),
            (W::Ntile, 1) => {
                let buckets = args.next().expect("it has one argument");
                Ok((vec![self.window_integer(buckets, name)?], DataType::Int64))
            }
            (W::FirstValue | W::LastValue, 1) => {
                let value = args.next().expect("it has one argument");
                let value = self.settle(value)?;
                let ty = value.ty;
                Ok((vec![value], ty))
            }
            (W::Lag | W::Lead, 1..=3) => self.lag_arguments(args, name, span),
            _ => {
                let message = format!("function {name} with {count} arguments does not exist");
                Err(Diagnostic::at(Code::UnknownFunction, span, message)
                    .help(format!("{name} is called as {}", usage(function)))
                    .into())
            }
        }
    }

    /// LAG(value, offset, default): all three are written out for the engine.
    fn lag_arguments(
        &mut self,
        mut args: impl Iterator<Item = Scalar>,
        name: &str,
        span: Span,
    ) -> Result<(Vec<Scalar>, DataType)> {
        let value = args.next().expect("the caller counted at least one");
        let offset = args.next();
        let default = args.next();
        let offset = match offset {
            Some(offset) => self.window_integer(offset, name)?,
            None => literal::bigint(1, span),
        };
        let default = default.unwrap_or_else(|| literal::null(DataType::Null, span));
        let pair = self.unify(vec![value, default], name)?;
        let mut pair = pair.into_iter();
        let value = pair.next().expect("unify keeps the count");
        let default = pair.next().expect("unify keeps the count");
        let ty = value.ty;
        Ok((vec![value, offset, default], ty))
    }

    fn window_integer(&mut self, arg: Scalar, name: &str) -> Result<Scalar> {
        if !(arg.ty.is_integer() || arg.ty == DataType::Null) {
            let message = format!("{name} takes a BIGINT here, not {}", arg.ty);
            return Err(Diagnostic::at(Code::UnknownFunction, arg.span, message).into());
        }
        self.convert(arg, DataType::Int64)
    }

    /// Returns the window meant, with what its base window says filled in.
    fn window_spec(
        &mut self,
        over: Option<&WindowRef>,
        function: WindowFunction,
        clause: &Clause<'_>,
    ) -> Result<WindowSpec> {
        let mut spec = match over {
            Some(WindowRef::Inline(spec)) => spec.clone(),
            Some(WindowRef::Named(name)) => named_window(name, clause)?.clone(),
            None => unreachable!("a window function without OVER was refused"),
        };
        let mut hops = 0;
        while let Some(name) = spec.base.take() {
            hops += 1;
            let base = named_window(&name, clause)?;
            if hops > clause.windows.len() {
                let message = format!("window \"{}\" is defined by itself", name.node);
                return Err(Diagnostic::at(Code::InvalidDefinition, name.span, message).into());
            }
            if !spec.partition_by.is_empty() {
                let message = format!("window \"{}\" has its own PARTITION BY", name.node);
                return Err(Diagnostic::at(Code::MisplacedWindow, name.span, message).into());
            }
            spec.partition_by.clone_from(&base.partition_by);
            if spec.order_by.is_empty() {
                spec.order_by.clone_from(&base.order_by);
            }
            spec.base.clone_from(&base.base);
        }
        check_frame(&spec, function)?;
        Ok(spec)
    }
}

fn named_window<'s>(name: &ast::Name, clause: &Clause<'s>) -> Result<&'s WindowSpec> {
    let found = clause.windows.iter().find(|window| window.name.node == name.node);
    found.map(|window| &window.window).ok_or_else(|| {
        let message = format!("window \"{}\" does not exist", name.node);
        let names = clause.windows.iter().map(|window| window.name.node.as_str());
        Diagnostic::at(Code::InvalidReference, name.span, message)
            .help_opt(did_you_mean(&name.node, names))
            .into()
    })
}

/// Only the first and last value look at the frame; only the default one is built.
fn check_frame(spec: &WindowSpec, function: WindowFunction) -> Result<()> {
    let Some(frame) = &spec.frame else { return Ok(()) };
    if !matches!(function, WindowFunction::FirstValue | WindowFunction::LastValue) {
        return Ok(());
    }
    let to_current_row = matches!(frame.end, None | Some(FrameBound::CurrentRow));
    let default = frame.units == FrameUnits::Range
        && frame.start == FrameBound::UnboundedPreceding
        && to_current_row
        && frame.exclude.is_none();
    if default { Ok(()) } else { not_built(frame.span, "a window frame other than the default") }
}

fn usage(function: WindowFunction) -> String {
    let args = match function {
        WindowFunction::Ntile => "(buckets)",
        WindowFunction::Lag | WindowFunction::Lead => "(value [, offset [, default]])",
        WindowFunction::FirstValue | WindowFunction::LastValue => "(value)",
        WindowFunction::RowNumber
        | WindowFunction::Rank
        | WindowFunction::DenseRank
        | WindowFunction::PercentRank
        | WindowFunction::CumeDist => "()",
    };
    format!("{}{args}", function.sql())
}

fn allowed(name: &str, call: &Call, span: Span, clause: &Clause<'_>) -> Result<()> {
    if call.over.is_none() {
        let message = format!("window function \"{name}\" needs OVER");
        return Err(Diagnostic::at(Code::WrongObject, span, message)
            .help(format!("write {name}(…) OVER (ORDER BY …)"))
            .into());
    }
    let message = match (clause.inside, clause.allows) {
        (Inside::Window, _) => "window functions do not nest".to_owned(),
        (Inside::Aggregate, _) => "an aggregate cannot contain a window function".to_owned(),
        (_, Allows::Scalars | Allows::Aggregates) => {
            format!("window functions are not allowed in {}", clause.place)
        }
        _ => return Ok(()),
    };
    let mut mistake = Diagnostic::at(Code::MisplacedWindow, span, message)
        .primary(format!("{name} is a window function"));
    if matches!(clause.place, "WHERE" | "HAVING") {
        mistake = mistake.help("conditions on window functions belong in QUALIFY");
    }
    Err(mistake.into())
}
