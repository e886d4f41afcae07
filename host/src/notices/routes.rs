use super::Route;
use crate::commit::Tenant;

/// Who is told what. A recipient is told once, by the route that takes the incident and lets it go soonest.
#[derive(Clone, Debug, Default)]
pub struct Routes(pub Vec<Route>);

impl Routes {
    /// Those of one tenant: nobody else may even see that there are others.
    pub fn of(&self, tenant: &Tenant) -> Routes {
        Routes(self.0.iter().filter(|route| route.tenant == *tenant).cloned().collect())
    }
}
