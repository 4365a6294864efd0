//! Random trees: `parse(print(tree)) == tree`.

use diag::{Span, Spanned};
use proptest::prelude::*;
use spectradb_grammar::ast::{
    BinaryOp, CaseArm, Expr, ExprKind, IsTest, LikeKind, Literal, OrderItem, Quantifier, Query,
    QueryBody, Select, SelectItem, SetArm, SetOp, Statement, StatementKind, TypeName, UnaryOp,
};
use spectradb_grammar::{parse_statement, print};

fn at<T>(node: T) -> Spanned<T> {
    Spanned::new(node, Span::NONE)
}

fn name() -> impl Strategy<Value = Spanned<String>> {
    let words = ["a", "select", "valid", "of", "Mixed", "with space", "quo\"te", "é", "rows"];
    prop::sample::select(words.to_vec()).prop_map(|text| at(text.to_owned()))
}

fn literal() -> impl Strategy<Value = ExprKind> {
    prop_oneof![
        Just(Literal::Null),
        any::<bool>().prop_map(Literal::Boolean),
        any::<u64>().prop_map(Literal::Integer),
        "[0-9]{1,5}\\.[0-9]{1,5}(e-?[0-9]{1,2})?".prop_map(Literal::Decimal),
        "[a-z'\\\\\"\n$é ]{0,8}".prop_map(Literal::String),
        prop::collection::vec(any::<u8>(), 0..4).prop_map(Literal::Blob),
    ]
    .prop_map(ExprKind::Literal)
}

fn leaf() -> impl Strategy<Value = Expr> {
    let column = prop::collection::vec(name(), 1..4).prop_map(ExprKind::Column);
    prop_oneof![literal(), column].prop_map(at)
}

fn binary_op() -> impl Strategy<Value = BinaryOp> {
    prop::sample::select(vec![
        BinaryOp::Add,
        BinaryOp::Subtract,
        BinaryOp::Multiply,
        BinaryOp::Power,
        BinaryOp::Concat,
        BinaryOp::Equal,
        BinaryOp::Less,
        BinaryOp::JsonGet,
        BinaryOp::Matches,
        BinaryOp::PeriodOverlaps,
        BinaryOp::PeriodImmediatelyPrecedes,
    ])
}

fn unary_op() -> impl Strategy<Value = UnaryOp> {
    prop::sample::select(vec![UnaryOp::Plus, UnaryOp::Minus, UnaryOp::BitNot])
}

/// AND and OR are flat: an operand of the same kind is spliced in.
fn spliced(list: Vec<Expr>, and: bool) -> ExprKind {
    let mut flat = Vec::new();
    for item in list {
        match item.node {
            ExprKind::And(more) if and => flat.extend(more),
            ExprKind::Or(more) if !and => flat.extend(more),
            node => flat.push(at(node)),
        }
    }
    if and { ExprKind::And(flat) } else { ExprKind::Or(flat) }
}

fn expr() -> impl Strategy<Value = Expr> {
    leaf().prop_recursive(5, 40, 3, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let list = prop::collection::vec(inner.clone(), 2..4);
        let type_name = prop::sample::select(vec!["int", "text", "date", "double", "odd Type"])
            .prop_map(|name| TypeName {
                name: at(name.to_owned()),
                args: Vec::new(),
                dimensions: 0,
                span: Span::NONE,
            });
        prop_oneof![
            (binary_op(), boxed.clone(), boxed.clone())
                .prop_map(|(op, left, right)| { ExprKind::Binary { op: at(op), left, right } }),
            (unary_op(), boxed.clone())
                .prop_map(|(op, operand)| ExprKind::Unary { op: at(op), operand }),
            (list.clone(), any::<bool>()).prop_map(|(list, and)| spliced(list, and)),
            boxed.clone().prop_map(ExprKind::Not),
            (boxed.clone(), any::<bool>()).prop_map(|(operand, negated)| ExprKind::Is {
                operand,
                test: IsTest::Unknown,
                negated
            }),
            (boxed.clone(), boxed.clone(), any::<bool>())
                .prop_map(|(left, right, negated)| ExprKind::IsDistinct { left, right, negated }),
            (boxed.clone(), boxed.clone(), boxed.clone(), any::<bool>(), any::<bool>()).prop_map(
                |(operand, low, high, symmetric, negated)| ExprKind::Between {
                    operand,
                    low,
                    high,
                    symmetric,
                    negated
                }
            ),
            (boxed.clone(), boxed.clone(), prop::option::of(boxed.clone()), any::<bool>())
                .prop_map(|(operand, pattern, escape, negated)| ExprKind::Like {
                    kind: LikeKind::SimilarTo,
                    operand,
                    pattern,
                    escape,
                    negated
                }),
            (boxed.clone(), list.clone(), any::<bool>())
                .prop_map(|(operand, list, negated)| ExprKind::InList { operand, list, negated }),
            (boxed.clone(), boxed.clone()).prop_map(|(operand, array)| {
                ExprKind::QuantifiedArray {
                    operand,
                    op: at(BinaryOp::Equal),
                    quantifier: Quantifier::Any,
                    // A subquery would be the rows themselves, not an array of them.
                    array: Box::new(at(ExprKind::Array(vec![*array]))),
                }
            }),
            (prop::option::of(boxed.clone()), list.clone(), prop::option::of(boxed.clone()))
                .prop_map(|(operand, list, otherwise)| ExprKind::Case {
                    operand,
                    arms: list
                        .into_iter()
                        .map(|when| CaseArm { then: when.clone(), when })
                        .collect(),
                    otherwise
                }),
            (boxed.clone(), type_name, any::<bool>()).prop_map(|(operand, target, or_null)| {
                ExprKind::Cast { operand, target: Box::new(target), or_null }
            }),
            (boxed.clone(), prop::option::of(boxed.clone()))
                .prop_map(|(operand, zone)| ExprKind::AtTimeZone { operand, zone }),
            list.clone().prop_map(ExprKind::Row),
            list.prop_map(ExprKind::Array),
            (boxed.clone(), boxed.clone())
                .prop_map(|(operand, index)| ExprKind::Subscript { operand, index }),
            (boxed.clone(), prop::option::of(boxed.clone()), prop::option::of(boxed))
                .prop_map(|(operand, from, to)| ExprKind::Slice { operand, from, to }),
            inner.prop_map(|value| ExprKind::Subquery(Box::new(query(select(value, None))))),
        ]
        .prop_map(at)
    })
}

fn select(value: Expr, filter: Option<Expr>) -> QueryBody {
    QueryBody::Select(Box::new(Select {
        distinct: None,
        items: vec![SelectItem::Expr { expr: value, alias: None }],
        from: Vec::new(),
        temporal: Vec::new(),
        filter,
        group_by: None,
        having: None,
        windows: Vec::new(),
        qualify: None,
        span: Span::NONE,
    }))
}

fn query(body: QueryBody) -> Query {
    Query {
        with: None,
        body,
        order_by: Vec::new(),
        limit: None,
        offset: None,
        temporal: Vec::new(),
        lock: None,
        span: Span::NONE,
    }
}

fn statement() -> impl Strategy<Value = Statement> {
    (expr(), prop::option::of(expr()), prop::option::of(expr()), any::<bool>()).prop_map(
        |(value, filter, second, descending)| {
            let first = select(value, filter);
            let whole = match second {
                None => query(first),
                Some(value) => {
                    let key = value.clone();
                    let body = select(value, None);
                    let arm = SetArm { op: SetOp::Except, all: descending, body, span: Span::NONE };
                    let mut both =
                        query(QueryBody::SetChain { first: Box::new(first), rest: vec![arm] });
                    both.order_by = vec![OrderItem {
                        expr: key,
                        descending,
                        nulls_first: Some(!descending),
                        span: Span::NONE,
                    }];
                    both
                }
            };
            at(StatementKind::Query(Box::new(whole)))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn printing_loses_nothing(tree in statement()) {
        let text = print(&tree);
        match parse_statement(&text) {
            Ok(again) => prop_assert_eq!(again, tree, "{}", text),
            Err(mistake) => prop_assert!(false, "{}: {:?}", text, mistake),
        }
    }

    #[test]
    fn no_text_panics(text in "(SELECT|FROM|AS OF|\\(|\\)|,|a|1|'|\"|/\\*|\\$\\$|CASE|END|[^a-z]| ){0,20}") {
        let _ = spectradb_grammar::parse_script(&text);
        let _ = spectradb_grammar::split(&text);
        let _ = spectradb_grammar::tokens(&text);
    }
}
