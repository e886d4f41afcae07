//! What tenants and their packs use.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::super::caller::{Caller, Reader};
use super::super::json::Json;
use super::super::problem::Problem;
use super::super::query::Query;
use super::super::shared::Shared;
use super::Routes;
use crate::commit::Tenant;
use crate::http::shapes::{ByWord, UsageShape};
use crate::report;
use crate::serve::{TenantUsage, Usage};
use crate::token::Scope;

/// Tenants, if nothing is said …
const USUAL: u32 = 100;
/// … and at most.
const MOST: u32 = 1_000;

pub(super) fn routes() -> Routes {
    Routes::new().routes(routes!(usage))
}

/// Whose usage, and in which order.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Of this tenant alone. Whoever is no operator is told of their own, and no other.
    #[param(min_length = 1, max_length = 64, pattern = "^[a-z0-9-]+$")]
    tenant: Option<String>,
    /// By what those come first that use most, tenants and the packs of each; by CPU time, if nothing is said.
    #[param(inline)]
    sort: Option<ByWord>,
    /// At most so many tenants.
    #[param(minimum = 1, maximum = 1_000, default = 100)]
    limit: Option<u32>,
}

/// What the tenant and its packs have used since the server began, and what they use now; for an operator, all tenants.
///
/// Of the packs that everybody has, only an operator is told what each costs; all together they are one, without a name.
#[utoipa::path(
    get,
    operation_id = "get_usage",
    path = "/api/v1/usage",
    tag = "server",
    params(Which),
    security(("token" = ["reader"])),
    responses((status = 200, body = UsageShape))
)]
async fn usage(
    caller: Caller<Reader>,
    State(shared): State<Arc<Shared>>,
    Query(asked): Query<Which>,
) -> Result<Json<Value>, Problem> {
    let limit = asked.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Problem::invalid(format!("limit: expected 1 to {MOST}, found {limit}")));
    }
    let is_operator = caller.covers(Scope::Operator);
    let named = asked.tenant.as_deref().map(|name| whose(&caller, is_operator, name)).transpose()?;
    let of = if is_operator { named } else { Some(caller.tenant().clone()) };
    let mut usage = shared.usage(of.as_ref()).await?;
    if !is_operator {
        usage.tenants = usage.tenants.into_iter().map(TenantUsage::for_itself).collect();
    }
    usage.sort(asked.sort.map(Into::into).unwrap_or_default());
    let left_out = usage.tenants.len().saturating_sub(limit as usize);
    usage.tenants.truncate(limit as usize);
    let said = shared.stored().await?;
    Ok(Json(json!({
        "window_seconds": usage.window.as_secs_f64(),
        "tenants": told(&shared, &usage, &said.over),
        "left_out": left_out,
    })))
}

/// The tenant that is asked for. Who is no operator has no other than their own, and does not learn which there are.
fn whose(caller: &Caller<Reader>, is_operator: bool, name: &str) -> Result<Tenant, Problem> {
    let wrong = || Problem::invalid("tenant: expected 1 to 64 lower case letters, digits and hyphens");
    let tenant = Tenant::new(name).ok_or_else(wrong)?;
    match is_operator || tenant == *caller.tenant() {
        true => Ok(tenant),
        false => Err(Problem::forbidden(format!(
            "expected the token's own tenant or a token with the scope {}, found another tenant",
            Scope::Operator
        ))),
    }
}

/// With what others know of each tenant.
fn told(shared: &Shared, usage: &Usage, over: &BTreeSet<Tenant>) -> Vec<Value> {
    let mut sources: HashMap<Tenant, usize> = HashMap::new();
    let alone = match &usage.tenants[..] {
        [alone] => Some(&alone.tenant),
        _ => None,
    };
    for source in shared.health.sources(alone) {
        *sources.entry(source.tenant).or_default() += 1;
    }
    let all = usage.tenants.iter().map(|one| {
        let sources = sources.get(&one.tenant).copied().unwrap_or_default();
        // Of any of its quotas, if it has some.
        let is_over = shared.intake.quotas().and_then(|quotas| quotas.is_over(&one.tenant));
        let is_over = if over.contains(&one.tenant) { Some(true) } else { is_over };
        report::usage::tenant(one, usage.window, sources, is_over)
    });
    all.collect()
}
