//! How much work a function is for the compiler, beyond its bytes.
//!
//! Measured: functions of 64 KB that are nothing but nested loops, or branches with a thousand locals, take minutes.
//! The compiler looks at every pair of branches, and at every local at every branch and around every loop. Locals that
//! all live at once are looked at again and again, by each value that finds no register.

use wasmparser::{FunctionBody, Operator};

/// A loop is as much as so many branches.
const LOOP: u64 = 20;
/// A local that lives around a loop is as much as so many at a branch.
const AROUND: u64 = 500;
/// Operators that are as much, for each local, as a branch.
const OPERATORS: u64 = 6;

/// About how much work there is; a compiler does some twenty millions of it in a second, and at least a million.
pub(super) fn work(body: &FunctionBody<'_>, locals: u64) -> u64 {
    let (mut operators, mut branches, mut loops) = (0u64, 0u64, 0u64);
    // What cannot be read ends the count here; the validator says what it is.
    for operator in body.get_operators_reader().into_iter().flatten().map_while(Result::ok) {
        operators += 1;
        match operator {
            Operator::Loop { .. } => loops += 1,
            Operator::BrTable { targets } => branches += 1 + u64::from(targets.len()),
            Operator::Block { .. }
            | Operator::If { .. }
            | Operator::Else
            | Operator::BrIf { .. }
            // These become branches, to what happens seldom.
            | Operator::CallIndirect { .. }
            | Operator::MemoryGrow { .. }
            | Operator::MemoryFill { .. }
            | Operator::MemoryCopy { .. }
            | Operator::MemoryInit { .. }
            | Operator::TableGet { .. }
            | Operator::TableSet { .. }
            | Operator::TableGrow { .. }
            | Operator::TableFill { .. }
            | Operator::TableCopy { .. }
            | Operator::TableInit { .. } => branches += 1,
            _ => {}
        }
    }
    let branches = branches + LOOP * loops;
    let pairs = branches.saturating_mul(branches.saturating_add(locals));
    let around = AROUND.saturating_mul(loops).saturating_mul(locals);
    pairs.saturating_add(around).saturating_add(operators.saturating_mul(locals) / OPERATORS)
}
