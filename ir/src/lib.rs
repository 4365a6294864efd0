//! The treaty between the two halves of the house: typed plans, the catalog as a value, rules, cost.
//!
//! `frontend` makes a [`Statement`], [`optimize`](rules) rewrites its [`Logical`] plan, the planner
//! makes a [`Physical`] one, `exec` runs that. Nothing here knows SQL text, storage or batches.

pub mod catalog;
mod context;
mod cost;
pub mod explain;
mod fallible;
mod function;
mod kernel;
pub(crate) mod logical;
mod physical;
mod plan;
mod rewrite;
mod rules;
mod scalar;
mod statement;
mod temporal;
pub mod verify;

pub use catalog::{Catalog, CatalogHistory, Relation, Table, TableColumn, TableId, View};
pub use context::{
    ColumnStatistics, CountSample, Evaluate, PlanContext, SampleCount, TableStatistics,
};
pub use cost::Distribution;
pub use function::{AggregateFunction, Function, TimeField, TrimSide, WindowFunction};
pub use kernel::{AggregateUpdate, KernelSpec, StateLayout, StateRows, StateSlot};
pub use logical::{
    AggregateCall, Column, ColumnInfo, Columns, Join, JoinKind, Logical, OutputColumn, Query, Scan,
    SortKey, SystemTable, WindowCall, Write, WriteAction,
};
pub use physical::{
    Access, Estimate, EstimateSource, JoinKey, KeyNulls, Operator, Physical, PhysicalScan,
    PhysicalWrite, ScanPredicate, Side,
};
pub use plan::plan;
pub use rewrite::{columns_read, visit_scalars_mut};
pub use rules::{TraceStep, decorrelate, may_fail, optimize, optimize_traced, unrepeatable};
pub use scalar::{ArithmeticOp, CompareOp, Scalar, ScalarKind, TruthTest};
pub use statement::{
    ColumnDefinition, Copy, CopyFormat, CopyOptions, CopySource, Ddl, ExplainFormat, ExplainStage,
    PeriodDefinition, Statement, TableDefinition, TransactionAction,
};
pub use temporal::{ScanColumn, SystemTime, TemporalRead, ValidTime};
