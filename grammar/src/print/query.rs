//! Queries, tables, temporal clauses.

use super::Printer;
use crate::ast::{
    Cte, Dimension, Distinct, Expr, GroupBy, GroupItem, Join, JoinCondition, JoinKind, JoinStyle,
    Limit, OrderItem, Query, QueryBody, Select, SelectItem, SetArm, SetOp, TableAlias, TableRef,
    TemporalClause, TemporalRange, Wildcard, With,
};

impl Printer {
    pub(super) fn query(&mut self, query: &Query) {
        if let Some(with) = &query.with {
            self.with(with);
        }
        self.body(&query.body);
        if !query.order_by.is_empty() {
            self.order_by(&query.order_by);
        }
        match &query.limit {
            Some(Limit::Rows(rows)) => self.clause(" LIMIT ", rows),
            Some(Limit::All) => self.put(" LIMIT ALL"),
            Some(Limit::WithTies(rows)) => {
                self.clause(" FETCH FIRST ", rows);
                self.put(" ROWS WITH TIES");
            }
            None => {}
        }
        if let Some(offset) = &query.offset {
            self.clause(" OFFSET ", offset);
        }
        self.put_if(query.lock.is_some(), " FOR UPDATE");
        self.temporal(&query.temporal);
    }

    pub(super) fn paren_query(&mut self, query: &Query) {
        self.put("(");
        self.query(query);
        self.put(")");
    }

    pub(super) fn clause(&mut self, word: &str, expr: &Expr) {
        self.put(word);
        self.expr(expr);
    }

    pub(super) fn with(&mut self, with: &With) {
        self.put(if with.recursive { "WITH RECURSIVE " } else { "WITH " });
        self.list(&with.ctes, Printer::cte);
        self.put(" ");
    }

    fn cte(&mut self, cte: &Cte) {
        self.name(&cte.name);
        self.paren_names(&cte.columns);
        self.put(match cte.materialized {
            None => " AS ",
            Some(true) => " AS MATERIALIZED ",
            Some(false) => " AS NOT MATERIALIZED ",
        });
        self.paren_query(&cte.query);
    }

    fn body(&mut self, body: &QueryBody) {
        match body {
            QueryBody::Select(select) => self.select(select),
            QueryBody::Values(values) => {
                self.put("VALUES ");
                self.list(&values.rows, |printer, row| {
                    printer.put("(");
                    printer.list(row, Printer::expr);
                    printer.put(")");
                });
            }
            QueryBody::Nested(query) => self.paren_query(query),
            QueryBody::SetChain { first, rest } => {
                self.body(first);
                rest.iter().for_each(|arm| self.set_arm(arm));
            }
        }
    }

    fn set_arm(&mut self, arm: &SetArm) {
        self.put(match arm.op {
            SetOp::Union => " UNION ",
            SetOp::Intersect => " INTERSECT ",
            SetOp::Except => " EXCEPT ",
        });
        self.put_if(arm.all, "ALL ");
        self.body(&arm.body);
    }

    fn select(&mut self, select: &Select) {
        self.put("SELECT ");
        match &select.distinct {
            Some(Distinct::All) => self.put("DISTINCT "),
            Some(Distinct::On(keys)) => {
                self.put("DISTINCT ON (");
                self.list(keys, Printer::expr);
                self.put(") ");
            }
            None => {}
        }
        self.items(&select.items);
        if !select.from.is_empty() {
            self.put(" FROM ");
            self.list(&select.from, Printer::table);
        }
        // A clause right behind a table would be the table's own, so these come after WHERE or
        // another clause; a tree without one has them behind its last join.
        self.select_clauses(select);
        self.temporal(&select.temporal);
    }

    fn select_clauses(&mut self, select: &Select) {
        if let Some(filter) = &select.filter {
            self.clause(" WHERE ", filter);
        }
        match &select.group_by {
            Some(GroupBy::All(_)) => self.put(" GROUP BY ALL"),
            Some(GroupBy::Items(items)) => {
                self.put(" GROUP BY ");
                self.list(items, Printer::group_item);
            }
            None => {}
        }
        if let Some(having) = &select.having {
            self.clause(" HAVING ", having);
        }
        if !select.windows.is_empty() {
            self.put(" WINDOW ");
            self.list(&select.windows, |printer, named| {
                printer.name(&named.name);
                printer.put(" AS ");
                printer.window(&named.window);
            });
        }
        if let Some(qualify) = &select.qualify {
            self.clause(" QUALIFY ", qualify);
        }
    }

    fn group_item(&mut self, item: &GroupItem) {
        match item {
            GroupItem::Expr(expr) => self.group_expr(expr),
            GroupItem::GroupingSets(sets) => {
                self.put("GROUPING SETS (");
                self.list(sets, Printer::group_expr);
                self.put(")");
            }
        }
    }

    /// `()` is the empty set; `ROW()` would be a value.
    fn group_expr(&mut self, expr: &Expr) {
        match &expr.node {
            crate::ast::ExprKind::Row(list) if list.is_empty() => self.put("()"),
            _ => self.expr(expr),
        }
    }

    pub(super) fn items(&mut self, items: &[SelectItem]) {
        self.list(items, |printer, item| match item {
            SelectItem::Expr { expr, alias } => {
                printer.expr(expr);
                if let Some(alias) = alias {
                    printer.put(" AS ");
                    printer.name(alias);
                }
            }
            SelectItem::Wildcard(wildcard) => printer.wildcard(wildcard),
        });
    }

    fn wildcard(&mut self, wildcard: &Wildcard) {
        if let Some(qualifier) = &wildcard.qualifier {
            self.object(qualifier);
            self.put(".");
        }
        self.put("*");
        if !wildcard.exclude.is_empty() {
            self.put(" EXCLUDE");
            self.paren_names(&wildcard.exclude);
        }
        if !wildcard.replace.is_empty() {
            self.put(" REPLACE (");
            self.list(&wildcard.replace, |printer, (expr, name)| {
                printer.expr(expr);
                printer.put(" AS ");
                printer.name(name);
            });
            self.put(")");
        }
    }

    pub(super) fn order_by(&mut self, items: &[OrderItem]) {
        self.put(" ORDER BY ");
        self.list(items, |printer, item| {
            printer.expr(&item.expr);
            printer.put_if(item.descending, " DESC");
            match item.nulls_first {
                Some(true) => printer.put(" NULLS FIRST"),
                Some(false) => printer.put(" NULLS LAST"),
                None => {}
            }
        });
    }

    pub(super) fn table(&mut self, table: &TableRef) {
        match table {
            TableRef::Table(named) => {
                self.object(&named.name);
                self.alias(named.alias.as_ref());
                self.temporal(&named.temporal);
            }
            TableRef::Derived(derived) => {
                self.put_if(derived.lateral, "LATERAL ");
                self.paren_query(&derived.query);
                self.alias(derived.alias.as_ref());
                self.temporal(&derived.temporal);
            }
            TableRef::Function(function) => {
                self.put_if(function.lateral, "LATERAL ");
                self.call(&function.call);
                self.put_if(function.ordinality, " WITH ORDINALITY");
                self.alias(function.alias.as_ref());
                if !function.columns.is_empty() {
                    self.put(" (");
                    self.list(&function.columns, Printer::column_def);
                    self.put(")");
                }
                self.temporal(&function.temporal);
            }
            TableRef::Join(join) => self.join(join),
        }
    }

    fn alias(&mut self, alias: Option<&TableAlias>) {
        if let Some(alias) = alias {
            self.put(" AS ");
            self.name(&alias.name);
            self.paren_names(&alias.columns);
        }
    }

    fn join(&mut self, join: &Join) {
        self.table(&join.left);
        self.put(" ");
        self.put_if(join.condition == JoinCondition::Natural, "NATURAL ");
        self.put(match join.style {
            JoinStyle::Plain => "",
            JoinStyle::AsOf => "ASOF ",
            JoinStyle::Temporal => "TEMPORAL ",
        });
        self.put(match join.kind.node {
            JoinKind::Inner => "JOIN ",
            JoinKind::Left => "LEFT JOIN ",
            JoinKind::Right => "RIGHT JOIN ",
            JoinKind::Full => "FULL JOIN ",
            JoinKind::Cross => "CROSS JOIN ",
            JoinKind::Semi => "SEMI JOIN ",
            JoinKind::Anti => "ANTI JOIN ",
        });
        let nested = matches!(join.right, TableRef::Join(_));
        self.put_if(nested, "(");
        self.table(&join.right);
        self.put_if(nested, ")");
        match &join.condition {
            JoinCondition::None | JoinCondition::Natural => {}
            JoinCondition::On(on) => self.clause(" ON ", on),
            JoinCondition::Using(columns) => {
                self.put(" USING");
                self.paren_names(columns);
            }
            JoinCondition::OnPeriod { on, period } => {
                self.clause(" ON ", on);
                self.put(" USING PERIOD ");
                self.name(period);
            }
        }
    }

    pub(super) fn temporal(&mut self, clauses: &[TemporalClause]) {
        for clause in clauses {
            self.temporal_clause(clause);
        }
    }

    fn temporal_clause(&mut self, clause: &TemporalClause) {
        match (&clause.dimension, &clause.range) {
            (Dimension::System, TemporalRange::AsOf(at)) => {
                return self.bounds(" AS OF ", at, None);
            }
            (Dimension::Valid, TemporalRange::AsOf(at)) => {
                return self.bounds(" VALID AT ", at, None);
            }
            (_, TemporalRange::Changes(from, to)) => {
                return self.bounds(" CHANGES FROM ", from, Some((" TO ", to)));
            }
            (Dimension::System, _) => self.put(" FOR SYSTEM_TIME"),
            (Dimension::Valid, _) => self.put(" FOR VALID_TIME"),
            (Dimension::Period(name), _) => {
                self.put(" FOR ");
                self.name(name);
            }
        }
        match &clause.range {
            TemporalRange::AsOf(at) => self.bounds(" AS OF ", at, None),
            TemporalRange::FromTo(from, to) | TemporalRange::Changes(from, to) => {
                self.bounds(" FROM ", from, Some((" TO ", to)));
            }
            TemporalRange::Between(from, to) => {
                self.bounds(" BETWEEN ", from, Some((" AND ", to)));
            }
            TemporalRange::ContainedIn(from, to) => {
                self.bounds(" CONTAINED IN (", from, Some((", ", to)));
                self.put(")");
            }
            TemporalRange::All => self.put(" ALL"),
        }
    }

    fn bounds(&mut self, word: &str, from: &Expr, to: Option<(&str, &Expr)>) {
        self.put(word);
        self.tight(from);
        if let Some((word, to)) = to {
            self.put(word);
            self.tight(to);
        }
    }
}
