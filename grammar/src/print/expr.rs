//! Expressions, calls, windows, types.

use super::Printer;
use crate::ast::{
    BinaryOp, Call, CaseArm, Expr, ExprKind, FrameBound, FrameExclusion, FrameUnits, IsTest,
    LikeKind, Literal, Parameter, Quantifier, TypeName, TypedLiteral, UnaryOp, WindowFrame,
    WindowRef, WindowSpec,
};
use crate::chain::{Power, binary_power};

impl Printer {
    pub(super) fn expr(&mut self, expr: &Expr) {
        match &expr.node {
            ExprKind::Literal(literal) => self.literal(literal),
            ExprKind::Parameter(Parameter::Numbered(number)) => {
                self.put_fmt(format_args!("${number}"));
            }
            ExprKind::Parameter(Parameter::Positional(_)) => self.put("?"),
            ExprKind::Column(parts) => self.path(parts),
            ExprKind::Unary { op, operand } => {
                self.put(match op.node {
                    UnaryOp::Plus => "+ ",
                    UnaryOp::Minus => "- ",
                    UnaryOp::BitNot => "~ ",
                });
                let power = if op.node == UnaryOp::BitNot { Power::Other } else { Power::Sign };
                self.prefixed(operand, power);
            }
            ExprKind::Binary { op, left, right } => {
                let power = binary_power(op.node);
                let chains = !matches!(power, Power::Comparison);
                self.left_operand(left, power, chains);
                self.put_fmt(format_args!(" {} ", operator(op.node)));
                self.operand(right, power);
            }
            ExprKind::And(list) => self.joined(list, " AND ", Power::And),
            ExprKind::Or(list) => self.joined(list, " OR ", Power::Or),
            ExprKind::Not(operand) => {
                self.put("NOT ");
                self.prefixed(operand, Power::Not);
            }
            ExprKind::Is { operand, test, negated } => {
                self.operand(operand, Power::Is);
                self.put(if *negated { " IS NOT " } else { " IS " });
                self.put(match test {
                    IsTest::Null => "NULL",
                    IsTest::True => "TRUE",
                    IsTest::False => "FALSE",
                    IsTest::Unknown => "UNKNOWN",
                });
            }
            ExprKind::IsDistinct { left, right, negated } => {
                self.operand(left, Power::Is);
                self.put(if *negated { " IS NOT DISTINCT FROM " } else { " IS DISTINCT FROM " });
                self.operand(right, Power::Is);
            }
            ExprKind::Between { operand, low, high, symmetric, negated } => {
                self.operand(operand, Power::Membership);
                self.put_if(*negated, " NOT");
                self.put(if *symmetric { " BETWEEN SYMMETRIC " } else { " BETWEEN " });
                self.operand(low, Power::Membership);
                self.put(" AND ");
                self.operand(high, Power::Membership);
            }
            ExprKind::Like { kind, operand, pattern, escape, negated } => {
                self.operand(operand, Power::Membership);
                self.put_if(*negated, " NOT");
                self.put(match kind {
                    LikeKind::Like => " LIKE ",
                    LikeKind::ILike => " ILIKE ",
                    LikeKind::SimilarTo => " SIMILAR TO ",
                });
                self.operand(pattern, Power::Membership);
                if let Some(escape) = escape {
                    self.put(" ESCAPE ");
                    self.operand(escape, Power::Membership);
                }
            }
            ExprKind::InList { operand, list, negated } => {
                self.operand(operand, Power::Membership);
                self.put(if *negated { " NOT IN (" } else { " IN (" });
                self.list(list, Printer::expr);
                self.put(")");
            }
            ExprKind::InQuery { operand, query, negated } => {
                self.operand(operand, Power::Membership);
                self.put(if *negated { " NOT IN " } else { " IN " });
                self.paren_query(query);
            }
            ExprKind::Exists(query) => {
                self.put("EXISTS ");
                self.paren_query(query);
            }
            ExprKind::Subquery(query) => self.paren_query(query),
            ExprKind::QuantifiedQuery { operand, op, quantifier, query } => {
                self.operand(operand, Power::Comparison);
                self.quantifier(op.node, *quantifier);
                self.paren_query(query);
            }
            ExprKind::QuantifiedArray { operand, op, quantifier, array } => {
                self.operand(operand, Power::Comparison);
                self.quantifier(op.node, *quantifier);
                self.put("(");
                // A subquery in one pair of parentheses would be read as the rows themselves.
                self.wrapped_if(array, is_subquery(array));
                self.put(")");
            }
            ExprKind::Case { operand, arms, otherwise } => {
                self.case(operand.as_deref(), arms, otherwise.as_deref());
            }
            ExprKind::Cast { operand, target, or_null } => {
                self.put(if *or_null { "TRY_CAST(" } else { "CAST(" });
                self.expr(operand);
                self.put(" AS ");
                self.type_name(target);
                self.put(")");
            }
            ExprKind::Call(call) => self.call(call),
            ExprKind::Collate { operand, collation } => {
                self.left_operand(operand, Power::Collate, true);
                self.put(" COLLATE ");
                self.object(collation);
            }
            ExprKind::AtTimeZone { operand, zone } => {
                self.left_operand(operand, Power::AtTimeZone, true);
                match zone {
                    Some(zone) => {
                        self.put(" AT TIME ZONE ");
                        self.operand(zone, Power::AtTimeZone);
                    }
                    None => self.put(" AT LOCAL"),
                }
            }
            ExprKind::Row(list) => {
                self.put("ROW(");
                self.list(list, Printer::expr);
                self.put(")");
            }
            ExprKind::Array(list) => {
                self.put("ARRAY[");
                self.list(list, Printer::expr);
                self.put("]");
            }
            ExprKind::ArrayQuery(query) => {
                self.put("ARRAY ");
                self.paren_query(query);
            }
            ExprKind::Subscript { operand, index } => {
                self.left_operand(operand, Power::Subscript, true);
                self.put("[");
                self.expr(index);
                self.put("]");
            }
            ExprKind::Slice { operand, from, to } => {
                self.left_operand(operand, Power::Subscript, true);
                self.put("[");
                from.iter().for_each(|from| self.expr(from));
                self.put(" : ");
                to.iter().for_each(|to| self.expr(to));
                self.put("]");
            }
            ExprKind::Field { operand, name } => self.field(operand, name),
            ExprKind::Default => self.put("DEFAULT"),
            ExprKind::Error => self.put("<error>"),
        }
    }

    /// `(x).a.b`: the parentheses stand around the value only.
    fn field(&mut self, operand: &Expr, name: &crate::ast::Name) {
        if matches!(operand.node, ExprKind::Field { .. }) {
            self.expr(operand);
        } else {
            self.wrapped_if(operand, true);
        }
        self.put(".");
        self.name(name);
    }

    fn wrapped_if(&mut self, expr: &Expr, wrap: bool) {
        self.put_if(wrap, "(");
        self.expr(expr);
        self.put_if(wrap, ")");
    }

    /// An operand that must bind more tightly than `around`.
    fn operand(&mut self, expr: &Expr, around: Power) {
        self.wrapped_if(expr, power(expr).is_some_and(|own| own <= around));
    }

    /// The operand of a prefix operator: another prefix of its kind needs no parentheses, so that a
    /// run of them prints no deeper than it was read.
    fn prefixed(&mut self, expr: &Expr, around: Power) {
        let run = matches!(expr.node, ExprKind::Unary { .. } | ExprKind::Not(_))
            && power(expr) == Some(around);
        if run {
            self.expr(expr);
        } else {
            self.operand(expr, around);
        }
    }

    /// The left operand of an operator that groups from the left may bind as tightly as it.
    fn left_operand(&mut self, expr: &Expr, around: Power, groups: bool) {
        let wrap = power(expr).is_some_and(|own| own < around || (own == around && !groups));
        // A prefix operator would swallow what follows it.
        let prefix = matches!(expr.node, ExprKind::Unary { .. } | ExprKind::Not(_));
        self.wrapped_if(expr, wrap || (prefix && power(expr) <= Some(around)));
    }

    fn joined(&mut self, list: &[Expr], word: &str, around: Power) {
        for (index, item) in list.iter().enumerate() {
            self.put_if(index > 0, word);
            self.operand(item, around);
        }
    }

    fn quantifier(&mut self, op: BinaryOp, quantifier: Quantifier) {
        let word = match quantifier {
            Quantifier::Any => "ANY",
            Quantifier::All => "ALL",
        };
        self.put_fmt(format_args!(" {} {word} ", operator(op)));
    }

    fn case(&mut self, operand: Option<&Expr>, arms: &[CaseArm], otherwise: Option<&Expr>) {
        self.put("CASE");
        if let Some(operand) = operand {
            self.put(" ");
            self.expr(operand);
        }
        for arm in arms {
            self.put(" WHEN ");
            self.expr(&arm.when);
            self.put(" THEN ");
            self.expr(&arm.then);
        }
        if let Some(otherwise) = otherwise {
            self.put(" ELSE ");
            self.expr(otherwise);
        }
        self.put(" END");
    }

    fn literal(&mut self, literal: &Literal) {
        match literal {
            Literal::Null => self.put("NULL"),
            Literal::Boolean(true) => self.put("TRUE"),
            Literal::Boolean(false) => self.put("FALSE"),
            Literal::Integer(value) => self.put_fmt(format_args!("{value}")),
            Literal::Decimal(digits) => self.put(digits),
            Literal::String(text) => self.string(text),
            Literal::Blob(bytes) => {
                self.put("X'");
                bytes.iter().for_each(|byte| self.put_fmt(format_args!("{byte:02x}")));
                self.put("'");
            }
            Literal::Typed(typed) => self.typed(typed),
        }
    }

    fn typed(&mut self, typed: &TypedLiteral) {
        match typed.type_name.node.as_str() {
            "timetz" => self.put("TIME WITH TIME ZONE"),
            name => self.put(&name.to_ascii_uppercase()),
        }
        self.put(" ");
        self.string(&typed.text.node);
        if let Some(unit) = &typed.unit {
            self.put_fmt(format_args!(" {}", unit.node.to_ascii_uppercase()));
        }
        if let Some(unit) = &typed.last_unit {
            self.put_fmt(format_args!(" TO {}", unit.node.to_ascii_uppercase()));
        }
    }

    pub(super) fn call(&mut self, call: &Call) {
        let bare = call.args.is_empty() && call.named_args.is_empty() && !call.star;
        // The standard's functions take no empty parentheses, so a quoted name tells them apart.
        if bare
            && call.name.parts.len() == 1
            && crate::act::is_bare_function(&call.name.last().node)
        {
            self.put(&call.name.last().node);
        } else {
            self.call_name(call);
            self.put("(");
            self.put_if(call.star, "*");
            self.put_if(call.distinct, "DISTINCT ");
            self.list(&call.args, Printer::expr);
            self.put_if(!call.args.is_empty() && !call.named_args.is_empty(), ", ");
            self.list(&call.named_args, |printer, (name, value)| {
                printer.name(name);
                printer.put(" => ");
                printer.expr(value);
            });
            if !call.order_by.is_empty() && !call.within_group {
                self.order_by(&call.order_by);
            }
            self.put(")");
        }
        self.call_tail(call);
    }

    fn call_name(&mut self, call: &Call) {
        let word = &call.name.last().node;
        let special = matches!(word.as_str(), "extract" | "substring" | "overlay");
        if special && call.name.parts.len() == 1 {
            // The word and its quoted form are the same call; the word reads better.
            self.put(word);
        } else {
            self.object(&call.name);
        }
    }

    fn call_tail(&mut self, call: &Call) {
        if call.within_group {
            self.put(" WITHIN GROUP (");
            self.order_by(&call.order_by);
            self.put(")");
        }
        if let Some(filter) = &call.filter {
            self.put(" FILTER (WHERE ");
            self.expr(filter);
            self.put(")");
        }
        match call.ignore_nulls {
            Some(true) => self.put(" IGNORE NULLS"),
            Some(false) => self.put(" RESPECT NULLS"),
            None => {}
        }
        match &call.over {
            Some(WindowRef::Named(name)) => {
                self.put(" OVER ");
                self.name(name);
            }
            Some(WindowRef::Inline(spec)) => {
                self.put(" OVER ");
                self.window(spec);
            }
            None => {}
        }
    }

    pub(super) fn window(&mut self, spec: &WindowSpec) {
        self.put("(");
        spec.base.iter().for_each(|base| self.name(base));
        if !spec.partition_by.is_empty() {
            self.put(" PARTITION BY ");
            self.list(&spec.partition_by, Printer::expr);
        }
        if !spec.order_by.is_empty() {
            self.order_by(&spec.order_by);
        }
        spec.frame.iter().for_each(|frame| self.frame(frame));
        self.put(")");
    }

    fn frame(&mut self, frame: &WindowFrame) {
        self.put(match frame.units {
            FrameUnits::Rows => " ROWS ",
            FrameUnits::Range => " RANGE ",
            FrameUnits::Groups => " GROUPS ",
        });
        match &frame.end {
            None => self.bound(&frame.start),
            Some(end) => {
                self.put("BETWEEN ");
                self.bound(&frame.start);
                self.put(" AND ");
                self.bound(end);
            }
        }
        if let Some(exclude) = frame.exclude {
            self.put(match exclude {
                FrameExclusion::CurrentRow => " EXCLUDE CURRENT ROW",
                FrameExclusion::Group => " EXCLUDE GROUP",
                FrameExclusion::Ties => " EXCLUDE TIES",
                FrameExclusion::NoOthers => " EXCLUDE NO OTHERS",
            });
        }
    }

    fn bound(&mut self, bound: &FrameBound) {
        match bound {
            FrameBound::UnboundedPreceding => self.put("UNBOUNDED PRECEDING"),
            FrameBound::Preceding(offset) => {
                self.tight(offset);
                self.put(" PRECEDING");
            }
            FrameBound::CurrentRow => self.put("CURRENT ROW"),
            FrameBound::Following(offset) => {
                self.tight(offset);
                self.put(" FOLLOWING");
            }
            FrameBound::UnboundedFollowing => self.put("UNBOUNDED FOLLOWING"),
        }
    }

    /// A bound: comparisons and looser operators go in parentheses.
    pub(super) fn tight(&mut self, expr: &Expr) {
        self.operand(expr, Power::Membership);
    }

    pub(super) fn type_name(&mut self, name: &TypeName) {
        self.put_type(&name.name.node);
        if !name.args.is_empty() {
            self.put("(");
            self.list(&name.args, |printer, arg| printer.put_fmt(format_args!("{}", arg.node)));
            self.put(")");
        }
        (0..name.dimensions).for_each(|_| self.put("[]"));
    }

    /// Words such as `date` are names of types wherever a type stands; a qualified name keeps its
    /// dots.
    fn put_type(&mut self, name: &str) {
        for (index, part) in name.split('.').enumerate() {
            self.put_if(index > 0, ".");
            match part {
                "date" | "time" | "timestamp" | "timestamptz" | "timetz" | "interval" | "uuid"
                | "json" | "jsonb" | "double" => self.put(part),
                _ => self.put_name(part),
            }
        }
    }
}

fn is_subquery(expr: &Expr) -> bool {
    matches!(expr.node, ExprKind::Subquery(_))
}

/// How tightly the outermost operator of an expression binds; `None` for operands.
fn power(expr: &Expr) -> Option<Power> {
    Some(match &expr.node {
        ExprKind::Unary { op, .. } if op.node == UnaryOp::BitNot => Power::Other,
        ExprKind::Unary { .. } => Power::Sign,
        ExprKind::Binary { op, .. } => binary_power(op.node),
        ExprKind::And(_) => Power::And,
        ExprKind::Or(_) => Power::Or,
        ExprKind::Not(_) => Power::Not,
        ExprKind::Is { .. } | ExprKind::IsDistinct { .. } => Power::Is,
        ExprKind::Between { .. }
        | ExprKind::Like { .. }
        | ExprKind::InList { .. }
        | ExprKind::InQuery { .. } => Power::Membership,
        ExprKind::QuantifiedQuery { .. } | ExprKind::QuantifiedArray { .. } => Power::Comparison,
        ExprKind::Collate { .. } => Power::Collate,
        ExprKind::AtTimeZone { .. } => Power::AtTimeZone,
        ExprKind::Subscript { .. } | ExprKind::Slice { .. } => Power::Subscript,
        ExprKind::Literal(_)
        | ExprKind::Parameter(_)
        | ExprKind::Column(_)
        | ExprKind::Exists(_)
        | ExprKind::Subquery(_)
        | ExprKind::Case { .. }
        | ExprKind::Cast { .. }
        | ExprKind::Call(_)
        | ExprKind::Row(_)
        | ExprKind::Array(_)
        | ExprKind::ArrayQuery(_)
        | ExprKind::Field { .. }
        | ExprKind::Default
        | ExprKind::Error => return None,
    })
}

/// Returns how an operator is typed.
pub(super) fn operator(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::Modulo => "%",
        BinaryOp::Power => "^",
        BinaryOp::Concat => "||",
        BinaryOp::BitAnd => "&",
        BinaryOp::BitOr => "|",
        BinaryOp::BitXor => "#",
        BinaryOp::ShiftLeft => "<<",
        BinaryOp::ShiftRight => ">>",
        BinaryOp::Equal => "=",
        BinaryOp::NotEqual => "<>",
        BinaryOp::Less => "<",
        BinaryOp::LessEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterEqual => ">=",
        BinaryOp::Matches => "~",
        BinaryOp::MatchesNoCase => "~*",
        BinaryOp::NotMatches => "!~",
        BinaryOp::NotMatchesNoCase => "!~*",
        BinaryOp::JsonGet => "->",
        BinaryOp::JsonGetText => "->>",
        BinaryOp::JsonPath => "#>",
        BinaryOp::JsonPathText => "#>>",
        BinaryOp::Contains => "@>",
        BinaryOp::ContainedBy => "<@",
        BinaryOp::Overlap => "&&",
        BinaryOp::Distance => "<->",
        BinaryOp::CosineDistance => "<=>",
        BinaryOp::InnerProduct => "<#>",
        BinaryOp::PeriodOverlaps => "OVERLAPS",
        BinaryOp::PeriodContains => "CONTAINS",
        BinaryOp::PeriodEquals => "EQUALS",
        BinaryOp::PeriodPrecedes => "PRECEDES",
        BinaryOp::PeriodSucceeds => "SUCCEEDS",
        BinaryOp::PeriodImmediatelyPrecedes => "IMMEDIATELY PRECEDES",
        BinaryOp::PeriodImmediatelySucceeds => "IMMEDIATELY SUCCEEDS",
    }
}
