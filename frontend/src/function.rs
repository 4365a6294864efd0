//! Calls: a name and its arguments find the function, aggregate or window function meant.

mod aggregate;
mod names;
mod number;
mod scalar;
mod time;
mod window;

use diag::{Code, Diagnostic, Result, Span, did_you_mean};
use grammar::ast::{Call, Expr};
use ir::{Function, Scalar, ScalarKind};
use types::DataType;

use crate::binder::Binder;
use crate::expr::{Clause, not_built};

pub(crate) use aggregate::sort_key;
use names::{ALL_NAMES, NOT_BUILT};
use scalar::{Param, Signature, signature};

impl Binder<'_> {
    /// Binds a call of any kind.
    pub(crate) fn call(
        &mut self,
        call: &Call,
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        let name = call.name.last().node.to_lowercase();
        if let [schema, _] = call.name.parts.as_slice()
            && schema.node != "pg_catalog"
        {
            let message = format!("schema \"{}\" does not exist", schema.node);
            return Err(Diagnostic::at(Code::UnknownSchema, schema.span, message).into());
        }
        if let Some(function) = aggregate::named(&name) {
            if call.over.is_some() {
                return not_built(span, &format!("{name}(…) OVER"));
            }
            return self.aggregate(function, &name, call, span, clause);
        }
        if let Some(function) = window::named(&name) {
            return self.window_call(function, &name, call, span, clause);
        }
        plain_call(&name, call, span)?;
        self.scalar_call(&name, call, span, clause)
    }

    fn scalar_call(
        &mut self,
        name: &str,
        call: &Call,
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        let args = self.arguments(&call.args, clause)?;
        if let Some(signature) = signature(name, args.len()) {
            return self.apply(&signature, name, args, span);
        }
        match self.special(name, args, span)? {
            Special::Bound(scalar) => Ok(scalar),
            Special::Unknown(args) => Err(unknown_function(name, call, &args).into()),
        }
    }

    /// Binds arguments in order.
    fn arguments(&mut self, list: &[Expr], clause: &mut Clause<'_>) -> Result<Vec<Scalar>> {
        let mut args = Vec::with_capacity(list.len());
        for arg in list {
            args.push(self.expr(arg, clause)?);
        }
        Ok(args)
    }

    /// Applies a function of fixed parameter types.
    fn apply(
        &mut self,
        signature: &Signature,
        name: &str,
        args: Vec<Scalar>,
        span: Span,
    ) -> Result<Scalar> {
        let mut converted = Vec::with_capacity(args.len());
        let types: Vec<DataType> = args.iter().map(|arg| arg.ty).collect();
        for (at, arg) in args.into_iter().enumerate() {
            let param = signature.param(at);
            let Some(arg) = self.argument(arg, param)? else {
                return Err(wrong_argument(signature, name, &types, at, span).into());
            };
            converted.push(arg);
        }
        let kind = ScalarKind::Call(signature.function, converted);
        Ok(Scalar::new(kind, signature.result, span))
    }

    /// Converts an argument to its parameter's type; `None` if it does not go there by itself.
    fn argument(&mut self, arg: Scalar, param: Param) -> Result<Option<Scalar>> {
        let fits = match (param, arg.ty) {
            (_, DataType::Null | DataType::Json) => true,
            (Param::Text, ty) => ty.is_text(),
            (Param::Any, _) => true,
            (Param::Integer, ty) => ty.is_integer(),
            (Param::Double, ty) => ty.is_numeric(),
            (Param::Json, _) => false,
        };
        if !fits {
            return Ok(None);
        }
        let ty = match param {
            // CONCAT writes a boolean as a result shows it, which a cast to text does not.
            Param::Any if arg.ty == DataType::Boolean => return Ok(Some(arg)),
            Param::Text | Param::Any => return self.texted(arg).map(Some),
            Param::Integer => DataType::Int64,
            Param::Double => DataType::Float64,
            Param::Json => DataType::Json,
        };
        self.convert(arg, ty).map(Some)
    }
}

/// What the functions with rules of their own answer.
enum Special {
    Bound(Scalar),
    /// None of them: the arguments come back for the error.
    Unknown(Vec<Scalar>),
}

/// Refuses what only aggregates and windows take.
fn plain_call(name: &str, call: &Call, span: Span) -> Result<()> {
    let extra = if call.star {
        "*"
    } else if call.distinct {
        "DISTINCT"
    } else if call.filter.is_some() {
        "FILTER"
    } else if call.over.is_some() {
        "OVER"
    } else if !call.order_by.is_empty() {
        "ORDER BY"
    } else {
        return Ok(());
    };
    if NOT_BUILT.contains(&name) {
        return not_built(span, &format!("the function {name}"));
    }
    let message = format!("{extra} in a call of \"{name}\", which is not an aggregate function");
    Err(Diagnostic::at(Code::WrongObject, span, message)
        .help_opt(did_you_mean(name, aggregate::NAMES.iter().copied()))
        .into())
}

fn types_list(types: &[DataType]) -> String {
    let words = types.iter().map(|ty| match ty {
        DataType::Null => "unknown".to_owned(),
        other => other.to_string(),
    });
    words.collect::<Vec<_>>().join(", ")
}

fn unknown_function(name: &str, call: &Call, args: &[Scalar]) -> Diagnostic {
    let span = call.name.span();
    if NOT_BUILT.contains(&name) {
        return Diagnostic::not_built(span, format!("the function {name}"));
    }
    let types: Vec<DataType> = args.iter().map(|arg| arg.ty).collect();
    let message = format!("function {name}({}) does not exist", types_list(&types));
    let mistake = Diagnostic::at(Code::UnknownFunction, span, message);
    if let Some(usage) = scalar::usage(name) {
        return mistake
            .primary("takes other arguments")
            .help(format!("{name} is called as {usage}"));
    }
    let known = ALL_NAMES.iter().chain(aggregate::NAMES).chain(window::NAMES).copied();
    mistake.primary("no function of this name").help_opt(did_you_mean(name, known))
}

fn wrong_argument(
    signature: &Signature,
    name: &str,
    types: &[DataType],
    at: usize,
    span: Span,
) -> Diagnostic {
    let message = format!("function {name}({}) does not exist", types_list(types));
    let wanted = signature.param(at).sql();
    Diagnostic::at(Code::UnknownFunction, span, message)
        .primary(format!("argument {} is {}, not {wanted}", at + 1, types[at]))
        .help(format!("convert it: CAST(… AS {wanted})"))
}

/// Returns a call node.
pub(crate) fn call_of(function: Function, args: Vec<Scalar>, ty: DataType, span: Span) -> Scalar {
    Scalar::new(ScalarKind::Call(function, args), ty, span)
}
